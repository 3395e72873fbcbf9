/** Alert rules, as Grafana’s file provisioning reads them. */

/** How one store is asked what the rules go by. */
interface Watched {
  /** How many readings of each meter came in the last minutes; 0 for a meter that was there today and is silent. */
  silence: Asked;
  /** kWh of each meter in one hour; simulated ones are left out. */
  hour: Asked;
  /** 1 while the agent can be asked. */
  agent?: Asked;
}

/** A query’s model without what all have in common, and how many seconds back it looks. */
interface Asked {
  seconds: number;
  model: Record<string, unknown>;
}

interface Rule {
  uid: string;
  title: string;
  summary: string;
  /** How long it must be so. */
  for: string;
  noDataState: 'OK' | 'Alerting';
  data: Step[];
  /** Whether the agent is to look at it, and to restart the meter if it agrees. */
  heals?: true;
}

interface Step {
  refId: string;
  datasourceUid: string;
  relativeTimeRange: { from: number; to: number };
  model: Record<string, unknown>;
}

/** The data source that is provisioned beside the rules. */
export const SOURCE_UID = 'wattdog';
/** The contact point that is. */
export const RECEIVER = 'wattdog';

const WINDOW = '5m';
const HOUR = 3600;
const WEEK = 7 * 24 * HOUR;

const prometheus = (expr: string, seconds: number): Asked => ({
  seconds,
  model: { expr, instant: true, range: false, editorMode: 'code' },
});
const influxdb = (query: string, seconds: number): Asked => ({
  seconds,
  model: { query, rawQuery: true, resultFormat: 'time_series' },
});

export const WATCHED: Record<'victoriametrics' | 'influxdb' | 'classic', Watched> = {
  victoriametrics: {
    silence: prometheus(
      `sum by (meter) (count_over_time(electricity_power_watts[${WINDOW}]))` +
        ' or sum by (meter) (count_over_time(electricity_power_watts[1d]) * 0)',
      24 * HOUR,
    ),
    hour: prometheus(
      'sum by (meter) (sum_over_time(electricity_interval_energy_kilowatthours{quality!="simulated"}[1h]))',
      HOUR,
    ),
    agent: prometheus('max(up{job="wattdog"})', HOUR),
  },
  influxdb: {
    silence: influxdb(
      `SELECT count("power_watts") FROM "electricity" WHERE $timeFilter GROUP BY time(${WINDOW}), "meter" fill(0)`,
      24 * HOUR,
    ),
    hour: influxdb(
      `SELECT sum("interval_energy_kilowatthours") FROM "electricity" WHERE $timeFilter AND "quality" != 'simulated' GROUP BY "meter"`,
      HOUR,
    ),
  },
  classic: {
    silence: influxdb(
      `SELECT count("rate") FROM "elecmeter" WHERE $timeFilter GROUP BY time(${WINDOW}) fill(0)`,
      24 * HOUR,
    ),
    hour: influxdb(
      'SELECT sum("total_consumption_accrual_kilowatthours") FROM "elecmeter" WHERE $timeFilter',
      HOUR,
    ),
  },
};

function rules({ silence, hour, agent }: Watched): Rule[] {
  return [
    {
      uid: 'wattdog-silent',
      title: 'Meter is silent',
      summary: `no reading for ${WINDOW}`,
      // Where time is cut into pieces, the newest piece may have only just begun.
      for: '3m',
      noDataState: 'Alerting',
      data: [query('A', silence), last('B', 'A'), below('C', 'B', 1)],
      heals: true,
    },
    unusual(hour),
    ...(agent
      ? [
          {
            uid: 'wattdog-agent',
            title: 'Agent is down',
            summary: 'the agent’s /metrics do not answer',
            for: '1m',
            noDataState: 'Alerting' as const,
            data: [query('A', agent), last('B', 'A'), below('C', 'B', 1)],
          },
        ]
      : []),
  ];
}

/** Beside the same hour of the same weekday of each of the last four weeks; silent until there were four. */
function unusual(hour: Asked): Rule {
  const weeks = ['A', 'B', 'C', 'D', 'E'];
  const hours = ['F', 'G', 'H', 'I', 'J'];
  const [now, ...before] = hours.map((refId) => `$${refId}`);
  return {
    uid: 'wattdog-unusual',
    title: 'Energy is unusual',
    summary: 'the last hour took three times as much as the same hour of the last four weeks',
    for: '0s',
    noDataState: 'OK',
    data: [
      ...weeks.map((refId, index) => query(refId, hour, index * WEEK)),
      ...hours.map((refId, index) => last(refId, weeks[index] ?? '')),
      expression('K', { type: 'math', expression: `${now} > 1 && ${now} > 3 * (${before.join(' + ')}) / 4` }),
    ],
  };
}

/** @param ago seconds. */
const query = (refId: string, { seconds, model }: Asked, ago = 0): Step => ({
  refId,
  datasourceUid: SOURCE_UID,
  relativeTimeRange: { from: seconds + ago, to: ago },
  model: { refId, ...model },
});

const last = (refId: string, of: string): Step =>
  expression(refId, { type: 'reduce', expression: of, reducer: 'last', settings: { mode: '' } });

const below = (refId: string, of: string, limit: number): Step =>
  expression(refId, {
    type: 'threshold',
    expression: of,
    conditions: [{ evaluator: { type: 'lt', params: [limit] } }],
  });

/** What Grafana’s server works out itself. */
function expression(refId: string, model: Record<string, unknown>): Step {
  const datasource = { type: '__expr__', uid: '__expr__' };
  return {
    refId,
    datasourceUid: '__expr__',
    relativeTimeRange: { from: 0, to: 0 },
    model: { refId, datasource, ...model },
  };
}

/** The file’s contents. The condition of a rule is the last of its steps. */
export const ruleFile = (watched: Watched) => ({
  apiVersion: 1,
  groups: [
    {
      orgId: 1,
      name: 'wattdog',
      folder: 'wattdog',
      interval: '30s',
      rules: rules(watched).map(({ summary, heals, data, ...rule }) => ({
        ...rule,
        condition: data.at(-1)?.refId,
        data,
        execErrState: 'Error',
        annotations: { summary },
        ...(heals ? { notification_settings: { receiver: RECEIVER } } : {}),
      })),
    },
  ],
});
