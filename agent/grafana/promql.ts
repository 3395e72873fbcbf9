/** The dashboards’ questions in PromQL, as VictoriaMetrics and Prometheus both understand it. */
import {
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { number, PROMETHEUS, series, table } from './prometheus.ts';
import { type Amount, type Balance, OUTWARDS, type Questions, READINGS } from './questions.ts';
import { verdicts } from './verdicts.ts';

const METER = 'meter="$meter"';
/** A series without the label matches too: that is what the empty alternative is for. */
const CHOSEN = `{${METER},quality=~"\${readings:raw}"}`;

const electricity = (field: string) => `electricity_${field}${CHOSEN}`;
const gap = (field: string) => `electricity_gap_${field}${CHOSEN}`;

const WATTS = electricity('power_watts');
const VOLT_AMPERES = electricity('apparent_power_voltamperes');
const SECONDS = electricity('interval_seconds');
const INTERVAL: Record<Amount, string> = {
  energy: electricity('interval_energy_kilowatthours'),
  cost: electricity('interval_cost'),
  export_energy: electricity('interval_export_energy_kilowatthours'),
  credit: electricity('interval_credit'),
};
const GAP: Record<Amount, string> = {
  energy: gap('energy_kilowatthours'),
  cost: gap('cost'),
  export_energy: gap('export_energy_kilowatthours'),
  credit: gap('credit'),
};
const CORRECTION = { cost: electricity('cost_correction'), credit: electricity('credit_correction') };
const FIXED = electricity('fixed_cost');
/** In the balance, what is fed out. */
const SIGNED = {
  energy: { name: 'fed out', inGaps: 'fed out in gaps' },
  cost: { name: 'earned', inGaps: 'earned in gaps' },
} as const;

/** Of what is there: gaps and corrections may be missing. */
const orNought = (sum: string) => `(${sum} or vector(0))`;
const sumOver = (selected: string, window: string) => `sum(sum_over_time(${selected}${window}))`;

function parts(amount: Amount, window: string): string[] {
  const corrected = amount === 'cost' || amount === 'credit' ? [CORRECTION[amount]] : [];
  return [GAP[amount], ...corrected].map((selected) => orNought(sumOver(selected, window)));
}

/** For how long the standing of a meter is taken to be what it was told last. */
const STANDS = '2h';

/** From this point on, for the length of a step: Prometheus itself looks back. */
const STEP_AHEAD = '[$__interval] offset -$__interval';

/** What `of` makes of either, told apart only where they differ. */
function load(of: (power: string) => string, target: typeof number) {
  return {
    targets: [
      target(`${of(WATTS)} != ${of(VOLT_AMPERES)} or ${of(WATTS)} unless ${of(VOLT_AMPERES)}`, 'Power'),
      target(of(VOLT_AMPERES), 'Apparent power'),
    ],
  };
}

export const promql: Questions = {
  datasource: PROMETHEUS,
  verdicts,
  variables: [
    new QueryVariableBuilder('meter')
      .label('Meter')
      .datasource(PROMETHEUS)
      .query('label_values(electricity_power_watts, meter)')
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .sort(VariableSort.AlphabeticalAsc),
    // Whichever there are in the time range; real ones first.
    new QueryVariableBuilder('readings')
      .label('Readings')
      .datasource(PROMETHEUS)
      .query(
        `query_result(count by (kind) (label_replace(label_replace(` +
          `present_over_time(electricity_interval_seconds{${METER}}[$__range]), ` +
          `"kind", "real: ${READINGS.real}", "", ""), ` +
          `"kind", "simulated: ${READINGS.simulated}", "quality", "simulated")))`,
      )
      .regex('/kind="(?<text>\\w+): (?<value>[^"]*)"/')
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .sort(VariableSort.AlphabeticalAsc),
  ],

  load(of) {
    if (of === 'newest') return load((power) => power, number);
    if (of === 'mean') return load((power) => `avg_over_time(${power}[$__interval])`, series);
    return load((power) => `quantile_over_time(0.05, ${power}[$__range])`, number);
  },

  currents: () => ({
    targets: [1, 2, 3].map((phase) =>
      series(`avg_over_time(${electricity(`current_${phase}_amperes`)}[$__interval])`, `Phase ${phase}`),
    ),
  }),

  price: () => ({ targets: [number(electricity('price_per_kilowatthour'), 'Price')] }),

  period: () => ({ targets: [table(`topk(1, timestamp(${SECONDS}))`)] }),

  newestTime: () => ({
    targets: [
      number(
        // Of a meter that is silent, from the past day; to half a minute.
        `(timestamp(${WATTS}) or max_over_time(timestamp(${WATTS})[1d:30s])) * 1000`,
        'Newest reading',
      ),
    ],
  }),

  total: (amount) => ({
    targets: [
      number([sumOver(INTERVAL[amount], '[$__range]'), ...parts(amount, '[$__range]')].join(' + '), 'Total'),
    ],
  }),

  net(balance: Balance) {
    const outwards = OUTWARDS[balance];
    const fixed = `sum(max_over_time(${FIXED}[$__range]) - min_over_time(${FIXED}[$__range]))`;
    const plus = [
      sumOver(INTERVAL[balance], '[$__range]'),
      ...parts(balance, '[$__range]'),
      ...(balance === 'cost' ? [orNought(fixed)] : []),
    ];
    const minus = [orNought(sumOver(INTERVAL[outwards], '[$__range]')), ...parts(outwards, '[$__range]')];
    return { targets: [number([plus.join(' + '), ...minus].join(' - '), 'Total')] };
  },

  forecast: (balance) => ({
    targets: [
      number(
        `sum(sum_over_time(${INTERVAL[balance]}[$__range])) / sum(sum_over_time(${SECONDS}[$__range])) * $__range_s`,
        'Forecast',
      ),
    ],
  }),

  byPeriod(balance) {
    const outwards = OUTWARDS[balance];
    const { name, inGaps } = SIGNED[balance];
    const corrections = balance === 'cost' ? [series(sumOver(CORRECTION.cost, STEP_AHEAD), 'corrected')] : [];
    return {
      targets: [
        series(`sum by (tariff) (sum_over_time(${INTERVAL[balance]}${STEP_AHEAD}))`, '{{tariff}}'),
        series(sumOver(GAP[balance], STEP_AHEAD), 'in gaps'),
        ...corrections,
        series(`-${sumOver(INTERVAL[outwards], STEP_AHEAD)}`, name),
        series(`-${sumOver(GAP[outwards], STEP_AHEAD)}`, inGaps),
      ],
    };
  },

  energy: () => ({ targets: [series(`sum(sum_over_time(${INTERVAL.energy}${STEP_AHEAD}))`, 'Energy')] }),

  peaks: () => ({
    targets: [
      series(`max_over_time(${VOLT_AMPERES}${STEP_AHEAD})`, 'Apparent power'),
      series(`max_over_time(${WATTS}${STEP_AHEAD})`, 'Power'),
    ],
  }),

  volume(of) {
    const standing = `last_over_time(${electricity(`${of}_cubicmetres`)}[${STANDS}]`;
    // Another meter may begin anywhere.
    const grown = `clamp_min(${standing} offset -$__interval) - ${standing}), 0)`;
    return { targets: [series(`sum(${grown})`, 'm³')] };
  },

  coverage: () => ({
    targets: [
      series(`sum(sum_over_time(${SECONDS}${STEP_AHEAD})) / ($__interval_ms / 1000)`, 'Covered by readings'),
    ],
  }),

  gaps: () => ({
    // A range alone gives each point as it was stored, with its own time.
    targets: ['seconds', 'readings', 'energy_kilowatthours', 'estimated_energy_kilowatthours'].map((field) =>
      table(`${gap(field)}[$__range]`),
    ),
    transformations: [
      { id: 'filterFieldsByName', options: { exclude: { names: ['__name__', 'meter', 'quality'] } } },
      { id: 'merge', options: {} },
    ],
  }),
};
