import {
  type Dashboard,
  FieldColorBuilder,
  FieldColorModeId,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as GaugePanel } from '@grafana/grafana-foundation-sdk/gauge';
import {
  Ampere,
  DateTimeFromNow,
  KiloWattHour,
  NoUnit,
  VoltAmpere,
  Watt,
} from '@grafana/grafana-foundation-sdk/units';
import { dashboard } from '../dashboard.ts';
import { asking, lines, POWER, reduced, stat, unitOf } from '../panels.ts';
import type { Questions } from '../questions.ts';
import { VERDICTS } from '../verdicts.ts';

/** What the house draws now, and what it has drawn today. */
export function live(ask: Questions, edition = ''): Dashboard {
  const { verdicts } = ask;
  const panels = [
    asking(now(gauge()), ask.load('newest'), {
      title: `Now: \${readings:text} readings`,
      description: POWER,
      size: [6, 6],
    }),
    asking(now(stat(NoUnit, '/^tariff$/')), ask.period(), { title: 'Tariff', size: [verdicts ? 3 : 6, 6] }),
    asking(now(stat(NoUnit).decimals(3)), ask.price(), { title: 'Price of a kWh', size: [3, 6] }),
    asking(stat(KiloWattHour).decimals(2).timeFrom('now/d').hideTimeOverride(true), ask.total('energy'), {
      title: 'Today',
      size: [3, 6],
    }),
    asking(stat(NoUnit).decimals(2).timeFrom('now/d').hideTimeOverride(true), ask.total('cost'), {
      title: 'Today’s cost',
      description: 'In the currency of the tariff.',
      size: [3, 6],
    }),
    asking(stat(DateTimeFromNow, '/^Newest reading$/'), ask.newestTime(), {
      title: 'Newest reading',
      size: [3, 6],
    }),
    ...(verdicts
      ? [
          asking(stat(NoUnit).mappings(VERDICTS), verdicts.newest, {
            title: 'Verdict',
            description: 'What the agent concludes of each watch.',
            size: [3, 6],
          }),
        ]
      : []),
    asking(lines(VoltAmpere).overrideByName('Power', [unitOf(Watt)]), ask.load('mean'), {
      title: 'Power',
      description: POWER,
      size: [24, 9],
    }),
    asking(lines(Ampere), ask.currents(), { title: 'Phases', size: [24, 8] }),
  ];
  return dashboard(ask, {
    uid: `wattdog-live${edition}`,
    title: 'Electricity: live',
    description: 'What the house draws now, and what it has drawn today.',
    from: 'now-1h',
    refresh: '5s',
    panels,
  });
}

/** What is older than this is not now. */
const now = <P extends { timeFrom(from: string): P; hideTimeOverride(hidden: boolean): P }>(panel: P): P =>
  panel.timeFrom('now-5m').hideTimeOverride(true);

/** Volt-amperes; a household of two phases of 120 V rarely draws more. */
const SCALE = { ends: 12_000, warns: 5_000, alarms: 9_000 };

function gauge(): GaugePanel {
  return new GaugePanel()
    .unit(VoltAmpere)
    .overrideByName('Power', [unitOf(Watt)])
    .min(0)
    .max(SCALE.ends)
    .noValue('–')
    .reduceOptions(reduced())
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .thresholds(
      new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([
        { value: null, color: 'green' },
        { value: SCALE.warns, color: 'yellow' },
        { value: SCALE.alarms, color: 'red' },
      ]),
    );
}
