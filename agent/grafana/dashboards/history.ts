import { PanelBuilder as BarChartPanel } from '@grafana/grafana-foundation-sdk/barchart';
import { StackingMode, TableCellHeight, VisibilityMode } from '@grafana/grafana-foundation-sdk/common';
import {
  type Dashboard,
  FieldColorBuilder,
  FieldColorModeId,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as TablePanel } from '@grafana/grafana-foundation-sdk/table';
import { CubicMeter, KiloWattHour, NoUnit, VoltAmpere, Watt } from '@grafana/grafana-foundation-sdk/units';
import { dashboard } from '../dashboard.ts';
import { asking, colourOf, legend, nameOf, POWER, stat, unitOf } from '../panels.ts';
import { type Amount, type Balance, MOST_POINTS, type Questions, STEP } from '../questions.ts';
import { DAY, DAY_OF_HOURS, highest, hourByDay, perDay } from '../reshape.ts';

const UNIT: Record<Amount, string> = {
  energy: KiloWattHour,
  cost: NoUnit,
  export_energy: KiloWattHour,
  credit: NoUnit,
};
const BALANCES: Balance[] = ['energy', 'cost'];
const SPANS = [
  { title: 'Today', timeFrom: 'now/d' },
  // From the beginning of the day before to its end.
  { title: 'Yesterday', timeFrom: 'now/d', timeShift: '1d/d' },
  { title: 'This month', timeFrom: 'now/M' },
];
/** To the end of the month, most of which may be still to come. */
const WHOLE_MONTH = { timeFrom: 'now/M', timeShift: '0M/M' };

/** What the house has drawn and fed out, day by day. */
export function history(ask: Questions, edition = ''): Dashboard {
  const panels = [
    ...SPANS.flatMap((span) => [
      asking(over(span, 'energy'), ask.total('energy'), { title: span.title, size: [4, 4] }),
      asking(over(span, 'cost'), ask.total('cost'), { title: `${span.title}: cost`, size: [4, 4] }),
    ]),
    asking(over(WHOLE_MONTH, 'energy'), ask.forecast('energy'), {
      title: 'This month will be',
      description: 'At the mean rate of its readings so far.',
      size: [4, 4],
    }),
    asking(over(WHOLE_MONTH, 'cost'), ask.forecast('cost'), {
      title: 'This month will cost',
      description: 'At the mean rate of its readings so far.',
      size: [4, 4],
    }),
    asking(stat(VoltAmpere).overrideByName('Power', [unitOf(Watt)]), ask.load('base'), {
      title: 'Base load',
      description: `What is exceeded for 95 % of the time. ${POWER}`,
      size: [8, 4],
    }),
    asking(
      stat(NoUnit, '/^(Time|Value)$/').maxDataPoints(MOST_POINTS),
      ask.peaks(),
      {
        title: 'Peak, VA or W',
        description: 'The highest reading and when it was, in W where the meter tells nothing else.',
        size: [8, 4],
      },
      highest,
    ),
    ...BALANCES.map((balance) =>
      asking(
        bars(UNIT[balance]).stacking(StackingMode.Normal),
        ask.byPeriod(balance),
        {
          title: balance === 'energy' ? `kWh by day: \${readings:text} readings` : 'Cost by day',
          description:
            'By period of the tariff; what was fed out, or earned by it, is below nought. What the meter counted while nobody read it is shown as `in gaps`, on the day it was read.',
          size: [12, 11],
        },
        perDay,
      ),
    ),
    asking(
      heatMap(),
      ask.energy(),
      { title: 'kWh by hour and day', description: 'Hours of the day, in your time zone.', size: [24, 16] },
      hourByDay,
    ),
    ...SPANS.flatMap((span) => [
      asking(over(span, 'export_energy'), ask.total('export_energy'), {
        title: `${span.title}: fed out`,
        size: [4, 4],
      }),
      asking(over(span, 'credit'), ask.total('credit'), { title: `${span.title}: earned`, size: [4, 4] }),
    ]),
    ...SPANS.flatMap((span) =>
      BALANCES.map((balance) =>
        asking(over(span, balance), ask.net(balance), {
          title: `${span.title}: net${balance === 'cost' ? ' cost' : ''}`,
          description: `What was ${balance === 'cost' ? 'to pay, charges of time included, less what was earned' : 'taken in less what was fed out'}.`,
          size: [4, 4],
        }),
      ),
    ),
    ...(['gas', 'water'] as const).map((medium) =>
      asking(
        bars(CubicMeter),
        ask.volume(medium),
        {
          title: `${medium === 'gas' ? 'Gas' : 'Water'} by day`,
          description: 'Of the meter behind this one, where it tells of it.',
          size: [12, 8],
        },
        perDay,
      ),
    ),
  ];
  return dashboard(ask, {
    uid: `wattdog-history${edition}`,
    title: 'Electricity: history',
    description: 'What the house has drawn and fed out, day by day.',
    from: 'now-30d/d',
    refresh: '5m',
    panels,
  });
}

function over({ timeFrom, timeShift }: { timeFrom: string; timeShift?: string }, amount: Amount) {
  const panel = stat(UNIT[amount]).decimals(2).timeFrom(timeFrom).hideTimeOverride(true);
  return timeShift === undefined ? panel : panel.timeShift(timeShift);
}

function bars(unit: string): BarChartPanel {
  return new BarChartPanel()
    .unit(unit)
    .noValue('none')
    .decimals(2)
    .interval(STEP)
    .maxDataPoints(MOST_POINTS)
    .xField(DAY)
    .showValue(VisibilityMode.Never)
    .fillOpacity(80)
    .lineWidth(0)
    .xTickLabelSpacing(100)
    .legend(legend())
    .overrideByName(DAY, [nameOf('Day')])
    .overrideByRegexp('/off-peak/i', [colourOf('yellow')])
    .overrideByRegexp('/super off-peak/i', [colourOf('green')])
    .overrideByRegexp('/\\bon-peak/i', [colourOf('red')])
    .overrideByName('in gaps', [colourOf('gray')])
    .overrideByName('corrected', [colourOf('purple')])
    .overrideByRegexp('/^(fed out|earned)$/', [colourOf('blue')])
    .overrideByRegexp('/^(fed out|earned) in gaps$/', [colourOf('light-blue')]);
}

/** A table, for Grafana’s heat map knows no hours of the day. */
function heatMap(): TablePanel {
  return new TablePanel()
    .unit(KiloWattHour)
    .decimals(2)
    .min(0)
    .interval(STEP)
    .maxDataPoints(MOST_POINTS)
    .cellHeight(TableCellHeight.Sm)
    .minWidth(50)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.ContinuousGrYlRd))
    .overrideByRegexp('/^\\d\\d$/', [
      { id: 'unit', value: 'none' },
      { id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } },
    ])
    .overrideByName(DAY_OF_HOURS, [nameOf('Day'), { id: 'custom.width', value: 100 }]);
}
