/** What the agent tells of itself in `/metrics`. */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import { VisibilityMode } from '@grafana/grafana-foundation-sdk/common';
import { MappingType, type Panel, type ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as StateTimelinePanel } from '@grafana/grafana-foundation-sdk/statetimeline';
import { NoUnit, Seconds } from '@grafana/grafana-foundation-sdk/units';
import { asking, legend, lines, stat } from '../panels.ts';
import { number, series } from '../prometheus.ts';
import type { Answer } from '../questions.ts';
import { VERDICTS } from '../verdicts.ts';

const UP: ValueMapping[] = [
  {
    type: MappingType.ValueToText,
    options: { 0: { text: 'down', color: 'red', index: 0 }, 1: { text: 'up', color: 'green', index: 1 } },
  },
];

const of = (...targets: Answer['targets']): Answer => ({ targets });

export function agentPanels(verdicts: Answer): Builder<Panel>[] {
  return [
    asking(stat(NoUnit).mappings(UP), of(number('max(up{job="wattdog"})', 'Agent')), {
      title: 'Agent',
      size: [4, 4],
    }),
    asking(stat(NoUnit).mappings(UP), of(number('min(wattdog_broker_session_up)', 'Broker')), {
      title: 'Broker',
      description: 'Whether the agent has a session with it.',
      size: [4, 4],
    }),
    asking(stat(NoUnit).mappings(UP), of(number('min(wattdog_journal_up)', 'Journal')), {
      title: 'Journal',
      description: 'Whether it can be written.',
      size: [4, 4],
    }),
    asking(stat(NoUnit).mappings(UP), of(number('min by (store) (wattdog_store_up)', '{{store}}')), {
      title: 'Stores',
      size: [4, 4],
    }),
    asking(
      stat(NoUnit).decimals(0),
      of(number('round(sum(increase(wattdog_watch_incidents_total[$__range])))', 'Incidents')),
      {
        title: 'Incidents',
        description: 'In the time shown.',
        size: [4, 4],
      },
    ),
    asking(
      stat(NoUnit).decimals(0),
      of(number('round(sum by (watch) (increase(wattdog_watch_restarts_total[$__range])))', '{{watch}}')),
      {
        title: 'Restarts',
        description: 'In the time shown.',
        size: [4, 4],
      },
    ),
    asking(verdictTimeline(), verdicts, { title: 'Verdicts', size: [24, 6] }),
    asking(
      lines(NoUnit).decimals(0).min(0),
      of(series('max by (store) (wattdog_store_lag_readings)', '{{store}}')),
      {
        title: 'Lag of the stores',
        description: 'Journalled readings a store has still to be given.',
        size: [8, 8],
      },
    ),
    asking(
      // A rate needs several scrapes.
      lines(NoUnit).min(0).interval('15s'),
      of(
        series('sum(rate(wattdog_intake_stored_total[$__rate_interval])) * 60', 'Journalled'),
        series('sum(rate(wattdog_intake_rejected_total[$__rate_interval])) * 60', 'No readings'),
        series('sum(rate(wattdog_intake_failed_total[$__rate_interval])) * 60', 'Refused by the disk'),
      ),
      { title: 'Journal: readings a minute', size: [8, 8] },
    ),
    asking(lines(Seconds).min(0), of(series('max by (watch) (wattdog_watch_silence_seconds)', '{{watch}}')), {
      title: 'Silence of the watches',
      size: [8, 8],
    }),
  ];
}

function verdictTimeline(): StateTimelinePanel {
  return new StateTimelinePanel()
    .mappings(VERDICTS)
    .showValue(VisibilityMode.Auto)
    .mergeValues(true)
    .rowHeight(0.8)
    .fillOpacity(80)
    .legend(legend());
}
