import type { ExecutionContext } from 'ava';
import { connectAsync } from 'mqtt';
import { Bulletin } from '../../../agent/bulletin.ts';
import type { Operations, WatchStatus } from '../../../agent/doors/operations.ts';
import { createAnnouncer } from '../../../agent/home-assistant/create.ts';
import { Meters } from '../../../agent/meters.ts';
import { AgentState } from '../../../agent/state.ts';
import { profileOf } from '../../../meter/profile.ts';
import { sceTouDA } from '../../../meter/tariff/shipped/sce-tou-d-a.ts';
import { type BrokerAddress, keepSession } from '../../../shared/mqtt.ts';
import { settingsSchema } from '../../../shared/settings/schema.ts';
import { systemTime, type Time } from '../../../shared/time.ts';
import { agentTopics, meterTopics, type Profile, type Reading } from '../../../shared/wire.ts';
import { openClient } from '../brokers.ts';
import { testReading } from '../readings.ts';
import { silentLog, until } from '../system.ts';

/** Time passes twenty times as fast. */
const hurried: Time = {
  now: systemTime.now,
  monotonic: () => systemTime.monotonic() * 20,
  sleep: (ms, signal) => systemTime.sleep(ms / 20, signal),
};

export const watchOf = (meter: string, changes: Partial<WatchStatus> = {}): WatchStatus => ({
  name: meter,
  topics: [meterTopics(meter).reading],
  verdict: { state: 'healthy', sentence: 'as usual', evidence: {} },
  target: 'container reader',
  ...changes,
});

/** An agent as far as Home Assistant sees it, in a session with a real broker, until `stop` or the end of the test. */
export function startAgent(
  t: ExecutionContext,
  address: BrokerAddress,
  {
    home_assistant = {},
    state = new AgentState(':memory:', silentLog),
    stores = ['victoriametrics'],
    watches = ['main', 'house'].map((name) => watchOf(name)),
    page,
  }: {
    home_assistant?: object;
    state?: AgentState;
    stores?: string[];
    watches?: WatchStatus[];
    page?: string;
  } = {},
) {
  const { agent } = settingsSchema.parse({ agent: { home_assistant, notify: page ? { page } : {} } });
  const meters = new Meters(state.profileStore(silentLog), silentLog);
  const bulletin = new Bulletin();
  const latest = new Map<string, Reading>();
  const announcer = createAnnouncer(agent, {
    ...{ meters, latest, stores: () => stores, bulletin },
    newest: (meter) => latest.get(meter),
    // Nothing else of it is asked.
    operations: { watches: () => watches } as Partial<Operations> as Operations,
    store: state.announcementStore(silentLog),
    ...{ time: hurried, log: silentLog },
  });
  bulletin.post(agentTopics.state, 'online');
  const stopping = new AbortController();
  const running = keepSession(
    {
      address,
      clientId: 'agent',
      will: { topic: agentTopics.state, payload: 'offline' },
      farewell: ({ publish }) => publish(agentTopics.state, 'offline', { retain: true }),
    },
    { time: systemTime, log: silentLog },
    stopping.signal,
    async (session) => {
      bulletin.attach(session);
      await Promise.all([meters.run(session), announcer.run(session)]);
    },
  );
  const stop = async () => {
    stopping.abort();
    await running;
  };
  t.teardown(stop);
  return {
    announcer,
    meters,
    bulletin,
    latest,
    state,
    watches,
    stop,
    /** What the agent tells of a meter from its journal. */
    sum: (meter: string, reading: Partial<Reading> = {}) =>
      bulletin.post(agentTopics.meter(meter), {
        name: meter,
        reading: testReading(1, reading),
        today: {
          ...{ start: Date.parse('2026-01-15T00:00:00Z'), energy: 1.5, cost: 0.4 },
          ...{ export_energy: 3.5, credit: 0.35 },
        },
      }),
  };
}

/** A meter's end of the same broker. */
export async function startMeter(
  t: ExecutionContext,
  { url, ...account }: BrokerAddress,
  name: string,
  changes: Partial<Profile> = {},
) {
  const client = await connectAsync(
    url,
    { protocolVersion: 5, reconnectPeriod: 0, ...(account as { username?: string; password?: string }) },
    false,
  );
  t.teardown(() => client.endAsync(true));
  const topics = meterTopics(name);
  const post = (topic: string, payload: string) =>
    client.publishAsync(topic, payload, { qos: 1, retain: true });
  const { meter } = settingsSchema.parse({ meter: { name } });
  const profile = { ...profileOf(meter, sceTouDA, `installation-of-${name}`), ...changes };
  await post(topics.profile, JSON.stringify(profile));
  await post(topics.availability, 'online');
  return {
    profile,
    post,
    introduce: (more: Partial<Profile>) => post(topics.profile, JSON.stringify({ ...profile, ...more })),
    read: (reading: Partial<Reading> = {}) =>
      post(topics.reading, JSON.stringify(testReading(1, { tariff: 'winter off-peak', ...reading }))),
    see: (online: boolean) => post(topics.availability, online ? 'online' : 'offline'),
  };
}

/** All retained topics below a filter, as a newcomer finds them. */
export async function retainedBelow(t: ExecutionContext, url: string, filter: string): Promise<string[]> {
  const newcomer = await openClient(t, url);
  await newcomer.publishAsync('test/end', 'end', { qos: 1, retain: true });
  await newcomer.subscribeAsync(filter, { qos: 1 });
  // Asked for later, it comes later.
  await newcomer.subscribeAsync('test/end', { qos: 1 });
  await until('all that is retained', 5000, () =>
    newcomer.received.some(({ topic }) => topic === 'test/end'),
  );
  const topics = newcomer.received.filter(({ retain }) => retain).map(({ topic }) => topic);
  await newcomer.endAsync(true);
  return topics.filter((topic) => topic !== 'test/end');
}
