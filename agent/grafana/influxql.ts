/** The dashboards’ questions in InfluxQL, the language of InfluxDB 1.x. */
import {
  CustomVariableBuilder,
  type DataTransformerConfig,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { chosen, plainQuery } from './datasource.ts';
import { type Amount, type Answer, OUTWARDS, type Questions, READINGS, type Target } from './questions.ts';

export const INFLUXDB = chosen('influxdb');

export const series = (query: string, alias: string): Target =>
  ask({ query, resultFormat: 'time_series', alias });

const table = (query: string): Target => ask({ query, resultFormat: 'table' });

/** As the text editor of Grafana’s InfluxDB data source keeps it. */
function ask(asked: { query: string; resultFormat: 'time_series' | 'table'; alias?: string }): Target {
  return (refId) => plainQuery({ refId, datasource: INFLUXDB, rawQuery: true, ...asked });
}

/** A point without the tag matches too: that is what the empty alternative is for. */
const CHOSEN = `$timeFilter AND "meter" = '$meter' AND "quality" =~ /^(\${readings:raw})$/`;

/** @param more of the query, such as a condition or how it is grouped. */
const electricity = (selected: string, more = '') =>
  `SELECT ${selected} FROM "electricity" WHERE ${CHOSEN}${more}`;
const gap = (selected: string, more = '') =>
  `SELECT ${selected} FROM "electricity_gap" WHERE ${CHOSEN}${more}`;

const INTERVAL: Record<Amount, string> = {
  energy: '"interval_energy_kilowatthours"',
  cost: '"interval_cost"',
  export_energy: '"interval_export_energy_kilowatthours"',
  credit: '"interval_credit"',
};
const GAP: Record<Amount, string> = {
  energy: '"energy_kilowatthours"',
  cost: '"cost"',
  export_energy: '"export_energy_kilowatthours"',
  credit: '"credit"',
};
const CORRECTION = { cost: '"cost_correction"', credit: '"credit_correction"' };
const WATTS = '"power_watts"';
const VOLT_AMPERES = '"apparent_power_voltamperes"';
const BY_STEP = ' GROUP BY time($__interval)';
/** Their distance, in seconds, is the length of the panel’s time range. */
const RANGE_SECONDS = '($__to - $__from) / 1000';

type Of = (power: string) => string;

/** What `of` makes of either, told apart only where they differ; `grouped` with what each is cut into. */
function load(of: Of, grouped = ''): Pick<Answer, 'targets'> {
  const differ = ` AND ${WATTS} != ${VOLT_AMPERES}`;
  return {
    targets: [
      series(electricity(of(WATTS), `${differ}${grouped}`), 'Power'),
      series(electricity(of(VOLT_AMPERES), grouped), 'Apparent power'),
    ],
  };
}

/** The power of steps in which no apparent power was told: nothing compares with what is not there. */
function alone(ofStep: Of, ofSteps: Of): Target {
  const told = `${ofStep(WATTS)} AS "power", count(${WATTS}) AS "powers", count(${VOLT_AMPERES}) AS "apparent"`;
  const steps = electricity(told, `${BY_STEP} fill(0)`);
  return series(
    `SELECT ${ofSteps('"power"')} FROM (${steps}) WHERE "powers" > 0 AND "apparent" = 0`,
    'Power',
  );
}

/** The sums of an amount, each of its own name. @param sign put before each. */
function sums(amount: Amount, names: { readings: string; gaps: string }, sign = ''): Target[] {
  const corrected = amount === 'cost' || amount === 'credit' ? CORRECTION[amount] : undefined;
  return [
    series(electricity(`${sign}sum(${INTERVAL[amount]})`), names.readings),
    series(gap(`${sign}sum(${GAP[amount]})`), names.gaps),
    ...(corrected === undefined
      ? []
      : [series(electricity(`${sign}sum(${corrected})`), `${names.readings}, corrected`)]),
  ];
}

/** Two measurements cannot be added here; one without points is left out. */
const ADDED: DataTransformerConfig[] = [
  {
    id: 'calculateField',
    options: { mode: 'reduceRow', reduce: { reducer: 'sum' }, alias: 'Total', replaceFields: true },
  },
];

export const influxql: Questions = {
  datasource: INFLUXDB,
  verdicts: undefined,
  variables: [
    new QueryVariableBuilder('meter')
      .label('Meter')
      .datasource(INFLUXDB)
      .query('SHOW TAG VALUES FROM "electricity" WITH KEY = "meter"')
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .sort(VariableSort.AlphabeticalAsc),
    new CustomVariableBuilder('readings')
      .label('Readings')
      .values(`real : ${READINGS.real},simulated : ${READINGS.simulated}`)
      .current({ text: 'real', value: READINGS.real, selected: true }),
  ],

  load(of) {
    const last: Of = (power) => `last(${power})`;
    const mean: Of = (power) => `mean(${power})`;
    const base: Of = (power) => `percentile(${power}, 5)`;
    if (of === 'newest') return { targets: [...load(last).targets, alone(last, last)] };
    if (of === 'base') return { targets: [...load(base).targets, alone(mean, base)] };
    const grouped = `${BY_STEP} fill(null)`;
    return { targets: [...load(mean, grouped).targets, alone(mean, (power) => power)] };
  },

  currents: () => ({
    targets: [1, 2, 3].map((phase) =>
      series(electricity(`mean("current_${phase}_amperes")`, `${BY_STEP} fill(null)`), `Phase ${phase}`),
    ),
  }),

  price: () => ({ targets: [series(electricity('last("price_per_kilowatthour")'), 'Price')] }),

  period: () => ({ targets: [table(electricity('last("interval_seconds"), "tariff"'))] }),

  newestTime: () => ({
    targets: [table(electricity(`last(${WATTS})`))],
    transformations: [
      {
        id: 'organize',
        options: { renameByName: { Time: 'Newest reading' }, excludeByName: { last: true }, indexByName: {} },
      },
    ],
  }),

  total: (amount) => ({
    targets: sums(amount, { readings: 'readings', gaps: 'gaps' }),
    transformations: ADDED,
  }),

  net: (balance) => ({
    targets: [
      ...sums(balance, { readings: 'in', gaps: 'in gaps' }),
      ...(balance === 'cost' ? [series(electricity('spread("fixed_cost")'), 'fixed')] : []),
      ...sums(OUTWARDS[balance], { readings: 'out', gaps: 'out in gaps' }, '-1 * '),
    ],
    transformations: ADDED,
  }),

  forecast: (balance) => ({
    targets: [
      series(
        electricity(`sum(${INTERVAL[balance]}) / sum("interval_seconds") * ${RANGE_SECONDS}`),
        'Forecast',
      ),
    ],
  }),

  byPeriod(balance) {
    const outwards = OUTWARDS[balance];
    const [name, inGaps] =
      balance === 'energy' ? ['fed out', 'fed out in gaps'] : ['earned', 'earned in gaps'];
    const filled = `${BY_STEP} fill(none)`;
    return {
      targets: [
        series(electricity(`sum(${INTERVAL[balance]})`, `${BY_STEP}, "tariff" fill(none)`), '$tag_tariff'),
        series(gap(`sum(${GAP[balance]})`, filled), 'in gaps'),
        ...(balance === 'cost' ? [series(electricity(`sum(${CORRECTION.cost})`, filled), 'corrected')] : []),
        series(electricity(`-1 * sum(${INTERVAL[outwards]})`, filled), name),
        series(gap(`-1 * sum(${GAP[outwards]})`, filled), inGaps),
      ],
    };
  },

  energy: () => ({
    targets: [series(electricity(`sum(${INTERVAL.energy})`, `${BY_STEP} fill(none)`), 'Energy')],
  }),

  peaks: () => ({
    targets: [
      series(electricity(`max(${VOLT_AMPERES})`), 'Apparent power'),
      series(electricity(`max(${WATTS})`), 'Power'),
    ],
  }),

  volume: (of) => ({
    targets: [
      series(
        electricity(`non_negative_difference(last("${of}_cubicmetres"))`, `${BY_STEP} fill(none)`),
        'm³',
      ),
    ],
  }),

  coverage: () => ({
    targets: [
      series(
        electricity('sum("interval_seconds") / ($__interval_ms / 1000)', `${BY_STEP} fill(0)`),
        'Covered by readings',
      ),
    ],
  }),

  gaps: () => ({
    targets: [
      table(gap('"seconds", "readings", "energy_kilowatthours", "estimated_energy_kilowatthours", "cause"')),
    ],
  }),
};
