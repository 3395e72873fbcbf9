import test from 'ava';
import type { AgentStatus } from '../../../agent/status.ts';
import { noHooks } from '../../../agent/web/hooks.ts';
import { renderMetrics } from '../../../agent/web/metrics.ts';
import { testReading } from '../../support/readings.ts';

const status: AgentStatus = {
  meters: [{ meter: 'main', reading: testReading(1, { power: 1234.5, quality: 'simulated' }) }],
  watches: [
    {
      name: 'main',
      topics: [],
      heldUntil: 5,
      verdict: { state: 'suspect', sentence: '', evidence: { silence: 4800 } },
    },
    { name: 'odd', topics: [], verdict: { state: 'learning', sentence: '', evidence: {} } },
  ],
  incidents: 4,
  notify: [{ name: 'discord', pending: 1, sent: 8, failures: 3, refused: 2 }],
  stores: [
    { name: 'vm', written: 10, rejected: 1, retries: 2, lag: 3 },
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

/** Prometheus text, by the grammar of its format: each sample with the type that was declared before it. */
function parse(text: string): { types: Map<string, string>; samples: Map<string, number> } {
  const types = new Map<string, string>();
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue;
    const [, typed, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (typed !== undefined && type !== undefined) {
      if (types.has(typed)) throw new Error(`declared twice: ${typed}`);
      types.set(typed, type);
      continue;
    }
    const [, name = '', labels = '', value = ''] =
      /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*\})? (\S+)$/.exec(line) ?? [];
    if (!types.has(name)) throw new Error(`a sample without type: ${line}`);
    samples.set(name + labels, Number(value));
  }
  return { types, samples };
}

test('the live state is told as Prometheus text', async (t) => {
  const { types, samples } = parse(await renderMetrics(status, doors));
  t.like(Object.fromEntries(samples), {
    'wattdog_meter_power_watts{meter="main",basis="apparent",quality="simulated"}': 1234.5,
    'wattdog_meter_energy_kilowatthours_total{meter="main"}': 0.001,
    'wattdog_watch_state{watch="main",state="suspect"}': 1,
    'wattdog_watch_silence_seconds{watch="main"}': 4.8,
    'wattdog_watch_held{watch="main"}': 1,
    'wattdog_watch_held{watch="odd"}': 0,
    'wattdog_store_written_total{store="vm"}': 10,
    'wattdog_store_lag_readings{store="influx"}': 13,
    'wattdog_store_up{store="vm"}': 1,
    'wattdog_store_up{store="influx"}': 0,
    wattdog_incidents_total: 4,
    'wattdog_notify_sent_total{service="discord"}': 8,
    'wattdog_notify_failures_total{service="discord"}': 3,
    'wattdog_notify_refused_total{service="discord"}': 2,
    'wattdog_notify_pending{service="discord"}': 1,
    wattdog_intake_rejected_total: 1,
    wattdog_journal_up: 1,
    wattdog_journal_expired_total: 7,
    wattdog_journal_unforwarded_total: 1,
    wattdog_broker_connections: 2,
    wattdog_broker_session_up: 1,
    'wattdog_hooks_total{result="begun"}': 2,
    'wattdog_hooks_total{result="datasource-error"}': 5,
    'wattdog_hooks_total{result="unauthorised"}': 0,
    'wattdog_requests_total{result="invalid"}': 3,
  });
  t.false(samples.has('wattdog_watch_silence_seconds{watch="odd"}'));
  for (const [name, type] of types) t.is(type, name.endsWith('_total') ? 'counter' : 'gauge', name);
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
