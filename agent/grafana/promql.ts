/** The dashboards’ questions in PromQL, as VictoriaMetrics and Prometheus both understand it. */
import {
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { number, PROMETHEUS, series, table } from './prometheus.ts';
import { type Amount, type Questions, READINGS } from './questions.ts';
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
};
const GAP: Record<Amount, string> = { energy: gap('energy_kilowatthours'), cost: gap('cost') };

/** From this point on, for the length of a step: Prometheus itself looks back. */
const STEP_AHEAD = '[$__interval] offset -$__interval';

/** What `of` makes of either, told apart only where they differ. */
function load(of: (power: string) => string, target: typeof number) {
  return {
    targets: [
      target(`${of(WATTS)} != ${of(VOLT_AMPERES)}`, 'Power'),
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
        `(timestamp(${VOLT_AMPERES}) or max_over_time(timestamp(${VOLT_AMPERES})[1d:30s])) * 1000`,
        'Newest reading',
      ),
    ],
  }),

  total: (amount) => ({
    targets: [
      number(
        `sum(sum_over_time(${INTERVAL[amount]}[$__range]))` +
          ` + (sum(sum_over_time(${GAP[amount]}[$__range])) or vector(0))`,
        'Total',
      ),
    ],
  }),

  forecast: (amount) => ({
    targets: [
      number(
        `sum(sum_over_time(${INTERVAL[amount]}[$__range])) / sum(sum_over_time(${SECONDS}[$__range])) * $__range_s`,
        'Forecast',
      ),
    ],
  }),

  byPeriod: (amount) => ({
    targets: [
      series(`sum by (tariff) (sum_over_time(${INTERVAL[amount]}${STEP_AHEAD}))`, '{{tariff}}'),
      series(`sum(sum_over_time(${GAP[amount]}${STEP_AHEAD}))`, 'in gaps'),
    ],
  }),

  energy: () => ({ targets: [series(`sum(sum_over_time(${INTERVAL.energy}${STEP_AHEAD}))`, 'Energy')] }),

  peaks: () => ({ targets: [series(`max_over_time(${VOLT_AMPERES}${STEP_AHEAD})`, 'Apparent power')] }),

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
