import { PanelBuilder as AnnotationsPanel } from '@grafana/grafana-foundation-sdk/annotationslist';
import { TableCellHeight } from '@grafana/grafana-foundation-sdk/common';
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as TablePanel } from '@grafana/grafana-foundation-sdk/table';
import { TextMode, PanelBuilder as TextPanel } from '@grafana/grafana-foundation-sdk/text';
import { DateTimeFromNow, KiloWattHour, PercentUnit, Seconds } from '@grafana/grafana-foundation-sdk/units';
import { dashboard } from '../dashboard.ts';
import { asking, framed, lines, nameOf, stat, unitOf } from '../panels.ts';
import type { Questions } from '../questions.ts';
import { agentPanels } from './agent.ts';

/** Whether everything is read, watched and stored. */
export function health(ask: Questions, edition = ''): Dashboard {
  const panels = [
    ...(ask.verdicts ? agentPanels(ask.verdicts.series) : []),
    asking(stat(DateTimeFromNow, '/^Newest reading$/'), ask.newestTime(), {
      title: 'Newest reading',
      size: [6, 8],
    }),
    asking(lines(PercentUnit).min(0).max(1).interval('5m'), ask.coverage(), {
      title: 'Covered by readings',
      description: 'The part of the time that the intervals of the readings add up to.',
      size: [18, 8],
    }),
    asking(gaps(), ask.gaps(), {
      title: 'Gaps',
      description: 'What the meter counted meanwhile is part of the totals; an estimate never is.',
      size: [14, 10],
    }),
    framed(incidents(), {
      title: 'Incidents',
      description: 'The agent writes them here if it may: `agent.notify.grafana`.',
      size: [10, 10],
    }),
    ...(ask.verdicts ? [] : [elsewhere()]),
  ];
  return dashboard(ask, {
    uid: `wattdog-health${edition}`,
    title: 'Electricity: health',
    description: 'Whether everything is read, watched and stored.',
    from: 'now-24h',
    refresh: '10s',
    panels,
  });
}

/** The names of both languages: `Value #A` is the first query’s in Prometheus’. */
function gaps(): TablePanel {
  return new TablePanel()
    .cellHeight(TableCellHeight.Sm)
    .noValue('no gap')
    .overrideByName('Time', [nameOf('Until')])
    .overrideByName('cause', [nameOf('Cause')])
    .overrideByRegexp('/^(Value #A|seconds)$/', [nameOf('Silence'), unitOf(Seconds)])
    .overrideByRegexp('/^(Value #B|readings)$/', [nameOf('Readings missing')])
    .overrideByRegexp('/^(Value #C|energy_kilowatthours)$/', [nameOf('Counted'), unitOf(KiloWattHour)])
    .overrideByRegexp('/^(Value #D|estimated_energy_kilowatthours)$/', [
      nameOf('Estimated'),
      unitOf(KiloWattHour),
    ]);
}

function incidents(): AnnotationsPanel {
  return new AnnotationsPanel()
    .onlyFromThisDashboard(false)
    .onlyInTimeRange(false)
    .tags(['wattdog'])
    .limit(20)
    .showUser(false)
    .showTime(true)
    .showTags(true);
}

function elsewhere(): TextPanel {
  return framed(new TextPanel().mode(TextMode.Markdown), {
    title: 'Watches, restarts, stores and journal',
    size: [24, 3],
  }).content(
    'The agent tells of these on its page and in `/metrics`. A store that scrapes those, such as VictoriaMetrics, shows them here.',
  );
}
