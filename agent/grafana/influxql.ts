/** The dashboards’ questions in InfluxQL, the language of InfluxDB 1.x. */
import {
  CustomVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { chosen, plainQuery } from './datasource.ts';
import { type Amount, type Questions, READINGS, type Target } from './questions.ts';

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
};
const GAP: Record<Amount, string> = { energy: '"energy_kilowatthours"', cost: '"cost"' };
const BY_STEP = ' GROUP BY time($__interval)';
/** Their distance, in seconds, is the length of the panel’s time range. */
const RANGE_SECONDS = '($__to - $__from) / 1000';

/** What `of` makes of either, told apart only where they differ. */
function load(of: (power: string) => string, grouped = '') {
  const differ = ' AND "power_watts" != "apparent_power_voltamperes"';
  return {
    targets: [
      series(electricity(of('"power_watts"'), `${differ}${grouped}`), 'Power'),
      series(electricity(of('"apparent_power_voltamperes"'), grouped), 'Apparent power'),
    ],
  };
}

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
    if (of === 'newest') return load((power) => `last(${power})`);
    if (of === 'mean') return load((power) => `mean(${power})`, `${BY_STEP} fill(null)`);
    return load((power) => `percentile(${power}, 5)`);
  },

  currents: () => ({
    targets: [1, 2, 3].map((phase) =>
      series(electricity(`mean("current_${phase}_amperes")`, `${BY_STEP} fill(null)`), `Phase ${phase}`),
    ),
  }),

  price: () => ({ targets: [series(electricity('last("price_per_kilowatthour")'), 'Price')] }),

  period: () => ({ targets: [table(electricity('last("interval_seconds"), "tariff"'))] }),

  newestTime: () => ({
    targets: [table(electricity('last("apparent_power_voltamperes")'))],
    transformations: [
      {
        id: 'organize',
        options: { renameByName: { Time: 'Newest reading' }, excludeByName: { last: true }, indexByName: {} },
      },
    ],
  }),

  // Two measurements cannot be added here; one without points is left out.
  total: (amount) => ({
    targets: [
      series(electricity(`sum(${INTERVAL[amount]})`), 'readings'),
      series(gap(`sum(${GAP[amount]})`), 'gaps'),
    ],
    transformations: [
      {
        id: 'calculateField',
        options: { mode: 'reduceRow', reduce: { reducer: 'sum' }, alias: 'Total', replaceFields: true },
      },
    ],
  }),

  forecast: (amount) => ({
    targets: [
      series(
        electricity(`sum(${INTERVAL[amount]}) / sum("interval_seconds") * ${RANGE_SECONDS}`),
        'Forecast',
      ),
    ],
  }),

  byPeriod: (amount) => ({
    targets: [
      series(electricity(`sum(${INTERVAL[amount]})`, `${BY_STEP}, "tariff" fill(none)`), '$tag_tariff'),
      series(gap(`sum(${GAP[amount]})`, `${BY_STEP} fill(none)`), 'in gaps'),
    ],
  }),

  energy: () => ({
    targets: [series(electricity(`sum(${INTERVAL.energy})`, `${BY_STEP} fill(none)`), 'Energy')],
  }),

  peaks: () => ({ targets: [series(electricity('max("apparent_power_voltamperes")'), 'Apparent power')] }),

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
