import test from 'ava';
import type { AgentStatus } from '../../../agent/status.ts';
import { noHooks } from '../../../agent/web/hooks.ts';
import { renderMetrics } from '../../../agent/web/metrics.ts';
import { VERSION } from '../../../shared/version.ts';
import { testReading } from '../../support/readings.ts';
import { realTest } from '../../support/real.ts';
import { startVictoriaMetrics } from '../../support/stores.ts';

const status: AgentStatus = {
  meters: [{ meter: 'main', reading: testReading(1, { power: 1234.5, quality: 'simulated' }) }],
  watches: [
    {
      name: 'main',
      topics: [],
      heldUntil: 5,
      counts: { incidents: 4, restarts: 3 },
      verdict: { state: 'suspect', sentence: '', evidence: { silence: 4800 } },
    },
    {
      name: 'odd',
      topics: [],
      counts: { incidents: 0, restarts: 0 },
      verdict: { state: 'learning', sentence: '', evidence: {} },
    },
  ],
  notify: [{ name: 'discord', pending: 1, sent: 8, failures: 3, refused: 2 }],
  stores: [
    { name: 'vm', written: 10, rejected: 1, retries: 2, lag: 3, lastSuccess: 1500 },
    { name: 'influx', written: 0, rejected: 0, retries: 9, lag: 13, downSince: 5 },
  ],
  intake: { received: 14, stored: 13, rejected: 1, failed: 0 },
  journal: { expired: 7, unforwarded: 1, lettersDropped: 0, setAside: 0, trouble: undefined },
  broker: {
    connections: 2,
    connected: 2,
    refused: 0,
    denied: 0,
    messages: 5,
    forbidden: 0,
    dropped: 0,
    stalled: 0,
  },
  connected: true,
};

const doors = {
  hooks: { ...noHooks(), begun: 2, 'datasource-error': 5 },
  requests: { accepted: 1, invalid: 3, retained: 0, limited: 0 },
};

/**
 * Prometheus text, as strictly as its format and its naming rules are meant: each metric once, HELP and TYPE
 * before all of its samples, no sample twice, counters that end in `_total`, and nothing else that does.
 */
function parse(text: string): { types: Map<string, string>; samples: Map<string, number> } {
  const types = new Map<string, string>();
  const samples = new Map<string, number>();
  let helped: string | undefined;
  let current: string | undefined;
  if (!text.endsWith('\n')) throw new Error('the last line must end');
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, about, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (about === 'HELP') {
      if (types.has(name)) throw new Error(`told twice: ${line}`);
      helped = name;
      continue;
    }
    if (about === 'TYPE') {
      if (helped !== name) throw new Error(`a type without its help: ${line}`);
      if (rest !== (name.endsWith('_total') ? 'counter' : 'gauge')) throw new Error(`a wrong type: ${line}`);
      if (!/^(wattdog|process|nodejs)(_[a-z]+)+$/.test(name)) throw new Error(`an odd name: ${line}`);
      if (/_(count|sum|bucket|milliseconds|kilo\w+|percent|hours|minutes)(_|$)/.test(name))
        throw new Error(`no base unit, or the ending of another type: ${line}`);
      types.set(name, rest);
      current = name;
      continue;
    }
    const [, sample = '', labels = '', value = ''] =
      /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\n"])*",?)*\})? (\S+)$/.exec(line) ??
      [];
    if (sample !== current) throw new Error(`a sample among those of ${current}: ${line}`);
    if (samples.has(sample + labels)) throw new Error(`a sample twice: ${line}`);
    if (!Number.isFinite(Number(value))) throw new Error(`no number: ${line}`);
    samples.set(sample + labels, Number(value));
  }
  return { types, samples };
}

test('the live state is told as Prometheus text', async (t) => {
  const { types, samples } = parse(await renderMetrics(status, doors));
  t.like(Object.fromEntries(samples), {
    'wattdog_meter_power_watts{meter="main",basis="apparent",quality="simulated"}': 1234.5,
    'wattdog_meter_current_amperes{meter="main",phase="1"}': 1,
    'wattdog_meter_current_amperes{meter="main",phase="2"}': 2,
    'wattdog_meter_voltage_volts{meter="main",phase="2"}': 120,
    'wattdog_meter_energy_joules_total{meter="main"}': 3600,
    'wattdog_meter_cost{meter="main"}': 0.00025,
    'wattdog_meter_price{meter="main"}': 0.25,
    'wattdog_meter_tariff_info{meter="main",tariff="off-peak"}': 1,
    'wattdog_meter_reading_timestamp_seconds{meter="main"}': Date.parse(testReading(1).time) / 1000,
    'wattdog_watch_state{watch="main",state="suspect"}': 1,
    'wattdog_watch_state{watch="main",state="healthy"}': 0,
    'wattdog_watch_state{watch="odd",state="learning"}': 1,
    'wattdog_watch_silence_seconds{watch="main"}': 4.8,
    'wattdog_watch_held{watch="main"}': 1,
    'wattdog_watch_held{watch="odd"}': 0,
    'wattdog_store_written_total{store="vm"}': 10,
    'wattdog_store_lag_readings{store="influx"}': 13,
    'wattdog_store_up{store="vm"}': 1,
    'wattdog_store_up{store="influx"}': 0,
    'wattdog_watch_incidents_total{watch="main"}': 4,
    'wattdog_watch_incidents_total{watch="odd"}': 0,
    'wattdog_watch_restarts_total{watch="main"}': 3,
    'wattdog_notify_sent_total{service="discord"}': 8,
    'wattdog_notify_failures_total{service="discord"}': 3,
    'wattdog_notify_refused_total{service="discord"}': 2,
    'wattdog_notify_pending{service="discord"}': 1,
    wattdog_intake_rejected_total: 1,
    wattdog_journal_up: 1,
    wattdog_journal_expired_total: 7,
    wattdog_journal_unforwarded_total: 1,
    'wattdog_store_last_success_timestamp_seconds{store="vm"}': 1.5,
    wattdog_broker_connections: 2,
    wattdog_broker_clients: 2,
    wattdog_broker_messages_total: 5,
    [`wattdog_build_info{version="${VERSION}",nodejs="${process.versions.node}"}`]: 1,
    wattdog_broker_session_up: 1,
    'wattdog_hooks_total{result="begun"}': 2,
    'wattdog_hooks_total{result="datasource-error"}': 5,
    'wattdog_hooks_total{result="unauthorised"}': 0,
    'wattdog_requests_total{result="invalid"}': 3,
  });
  t.false(samples.has('wattdog_watch_silence_seconds{watch="odd"}'));
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'process_open_fds'])
    t.true((samples.get(name) ?? 0) > 0, name);
  const started = samples.get('process_start_time_seconds') ?? 0;
  t.true(Math.abs(started - performance.timeOrigin / 1000) < 1);
  t.true(types.size > 40);
});

test('an agent that knows nothing yet has metrics too', async (t) => {
  const text = await renderMetrics(
    {
      ...status,
      meters: [],
      watches: [],
      stores: [],
      broker: undefined,
      connected: false,
      journal: { ...status.journal, trouble: 'writing the journal: disk I/O error' },
    },
    doors,
  );
  const { samples } = parse(text);
  t.is(samples.get('wattdog_broker_session_up'), 0);
  t.is(samples.get('wattdog_journal_up'), 0);
  t.false([...samples.keys()].some((name) => name.startsWith('wattdog_meter')));
});

test('names from outside cannot break out of their label', async (t) => {
  const tricky = 'a"} 1\nb{c="\\';
  const { samples } = parse(
    await renderMetrics(
      {
        ...status,
        stores: [{ name: tricky, written: 1, rejected: 0, retries: 0, lag: 0 }],
      },
      doors,
    ),
  );
  t.is([...samples.keys()].filter((name) => name.startsWith('wattdog_store_written')).length, 1);
});

test('what a meter tells beyond the usual is there, and only for that meter', async (t) => {
  const exporting = testReading(1, {
    ...{ power: -1500, power_1: -2000, power_2: 500, export_energy: 2, export_price: -0.01, credit: 0.2 },
    ...{ fixed_cost: 1.5, register_import: 5, register_import_1: 3, register_export: 2, gas: 12.5, water: 3 },
    ...{ frequency: 50.02, power_factor: 0.9, reactive_power: -30 },
  });
  const { apparent_power: _unknown, ...plain } = testReading(1);
  const meters = [
    { meter: 'main', reading: exporting },
    { meter: 'attic', reading: plain },
  ];
  const { samples } = parse(await renderMetrics({ ...status, meters }, doors));
  const expected = {
    'wattdog_meter_power_watts{meter="main",basis="apparent",quality="measured"}': -1500,
    'wattdog_meter_apparent_power_voltamperes{meter="main"}': 360,
    'wattdog_meter_phase_power_watts{meter="main",phase="1"}': -2000,
    'wattdog_meter_phase_power_watts{meter="main",phase="2"}': 500,
    'wattdog_meter_export_energy_joules_total{meter="main"}': 7_200_000,
    'wattdog_meter_register_joules_total{meter="main",direction="import",rate=""}': 18_000_000,
    'wattdog_meter_register_joules_total{meter="main",direction="import",rate="1"}': 10_800_000,
    'wattdog_meter_register_joules_total{meter="main",direction="export",rate=""}': 7_200_000,
    'wattdog_meter_gas_cubicmetres_total{meter="main"}': 12.5,
    'wattdog_meter_water_cubicmetres_total{meter="main"}': 3,
    'wattdog_meter_credit{meter="main"}': 0.2,
    'wattdog_meter_fixed_cost{meter="main"}': 1.5,
    'wattdog_meter_export_price{meter="main"}': -0.01,
    'wattdog_meter_frequency_hertz{meter="main"}': 50.02,
    'wattdog_meter_power_factor{meter="main"}': 0.9,
    'wattdog_meter_reactive_power_vars{meter="main"}': -30,
  };
  for (const [name, value] of Object.entries(expected)) t.is(samples.get(name), value, name);
  const attic = [...samples.keys()].filter((name) => name.includes('attic'));
  t.is(attic.length, 10, attic.join('\n'));
});

test('a total that went below nought does not cost the scrape', async (t) => {
  const meters = [{ meter: 'main', reading: testReading(1, { energy: -1, cost: -2 }) }];
  const { samples } = parse(await renderMetrics({ ...status, meters }, doors));
  t.is(samples.get('wattdog_meter_energy_joules_total{meter="main"}'), 0);
  t.is(samples.get('wattdog_meter_cost{meter="main"}'), -2);
});

realTest('victoria-metrics')('VictoriaMetrics takes all of it', async (t) => {
  const store = await startVictoriaMetrics(t);
  const text = await renderMetrics(status, doors);
  const answer = await fetch(`${store.url}/api/v1/import/prometheus`, { method: 'POST', body: text });
  t.true(answer.ok);
  const found = await store.query('{__name__=~"(wattdog|process|nodejs)_.*"}');
  t.is(found.length, parse(text).samples.size);
  t.like(await store.query('wattdog_meter_power_watts'), [
    { labels: { meter: 'main', basis: 'apparent', quality: 'simulated' }, value: 1234.5 },
  ]);
});
