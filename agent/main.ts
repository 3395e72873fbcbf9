import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { keepHeartbeat } from '../shared/heartbeat.ts';
import type { Log } from '../shared/log.ts';
import { type BrokerAddress, keepSession } from '../shared/mqtt.ts';
import { openFile } from '../shared/open-file.ts';
import { brokerAddress } from '../shared/settings/broker-address.ts';
import type { Settings, WatchSettings } from '../shared/settings/schema.ts';
import type { Time } from '../shared/time.ts';
import { together } from '../shared/together.ts';
import { agentTopics, meterOfReadings, meterTopics } from '../shared/wire.ts';
import { Bulletin } from './bulletin.ts';
import { startEmbedded } from './embedded.ts';
import { Forwarder } from './forward.ts';
import { type Guarded, guard } from './guard.ts';
import { superviseChild } from './heal/child.ts';
import type { Healer } from './heal/healer.ts';
import { createIntake } from './intake.ts';
import { Journal } from './journal/journal.ts';
import { keepJournal } from './journal/upkeep.ts';
import { AgentState } from './state.ts';
import type { AgentStatus } from './status.ts';
import { Cadence } from './watch/cadence.ts';
import { keepSight } from './watch/sight.ts';
import { Watch } from './watch/watch.ts';
import { renderMetrics } from './web/metrics.ts';
import { startWeb } from './web/server.ts';

export interface RunningAgent {
  status(): AgentStatus;
  broker: BrokerAddress;
  /** Of `/healthz`, `/readyz` and `/metrics`. */
  httpPort: number;
}

interface Deps {
  time: Time;
  log: Log;
  /** Starts a meter as our child; without it meters run elsewhere, in containers. */
  spawnMeter?: (broker: BrokerAddress) => ChildProcess;
  /** Called once everything listens. */
  ready?: (agent: RunningAgent) => void;
}

/**
 * The agent: broker, intake → journal → stores, and the watches with their healers, until the signal
 * aborts. Everything that can be refused is opened first; nothing runs unless all of it opened.
 */
export async function runAgent(settings: Settings, deps: Deps, signal: AbortSignal): Promise<void> {
  const { time, log } = deps;
  await using opened = new AsyncDisposableStack();

  const journal = openFile(
    settings.data,
    'journal.db',
    (path) => new Journal(path, { zone: settings.agent.journal.zone, log }),
  );
  opened.defer(() => journal.close());
  const state = openFile(settings.data, 'agent.db', (path) => new AgentState(path, log));
  opened.defer(() => state.close());

  const embedded = settings.mqtt.url === 'embedded' ? await startEmbedded(settings.broker, log) : undefined;
  if (embedded) opened.defer(() => embedded.broker.close());
  const address = embedded?.agent ?? brokerAddress(settings);

  const { spawnMeter } = deps;
  const child =
    spawnMeter && superviseChild('meter', () => spawnMeter(embedded?.meter ?? address), { time, log });
  const stores = await openStores(settings, time);
  for (const { store } of stores) opened.defer(() => store.close());
  const forwarders = stores.map(({ store, batch }) => new Forwarder({ journal, store, batch, time, log }));

  const storeNames = stores.map(({ store }) => store.name);

  const intake = createIntake({ journal, log });
  const bulletin = new Bulletin();
  bulletin.post(agentTopics.state, 'online');
  const guarded = await Promise.all(
    watchesOf(settings).map(async (watch): Promise<Guarded & { topic: string }> => {
      const healer = watch.heal ? await healerOf(watch, settings, deps, child?.healer) : undefined;
      const meter = meterOfReadings(watch.topic);
      return {
        name: watch.name,
        topic: watch.topic,
        watch: new Watch(new Cadence(state.cadence(watch.name)), watch.stall_after),
        healer,
        latest: () => (meter === undefined ? undefined : intake.latest.get(meter)),
      };
    }),
  );

  let connected = false;
  const status = (): AgentStatus => ({
    meters: [...intake.latest].map(([meter, reading]) => ({ meter, reading })),
    watches: guarded.map(({ name, watch }) => ({ name, verdict: watch.judge(time.monotonic()) })),
    stores: forwarders.map((forwarder) => forwarder.status()),
    intake: intake.counts,
    journal: { ...journal.counts, trouble: journal.trouble },
    broker: embedded?.broker.stats(),
    connected,
  });
  const web = await startWeb(settings.agent.http, {
    readiness: () => ({
      broker: connected || 'no session with the broker',
      journal: journal.trouble ?? true,
    }),
    metrics: () => renderMetrics(status()),
  });
  opened.defer(() => web.close());

  const converse = (stopped: AbortSignal) =>
    keepSession(
      {
        address,
        clientId: `wattdog-agent-${randomUUID()}`,
        will: { topic: agentTopics.state, payload: 'offline' },
        farewell: ({ publish }) => publish(agentTopics.state, 'offline', { retain: true }),
      },
      { time, log },
      stopped,
      async (session) => {
        connected = true;
        bulletin.attach(session);
        try {
          await intake.run(session);
        } finally {
          connected = false;
        }
      },
    );

  log.info({ broker: address.url, http: web.port, data: settings.data }, 'the agent runs');
  deps.ready?.({ status, broker: address, httpPort: web.port });
  await together(
    signal,
    converse,
    (stopped) => keepSight(guarded, address, { time, log }, stopped),
    (stopped) => keepHeartbeat('agent', time, stopped),
    (stopped) =>
      keepJournal(journal, { limits: settings.agent.journal, stores: storeNames }, { time, log }, stopped),
    ...forwarders.map((forwarder) => (stopped: AbortSignal) => forwarder.run(stopped)),
    ...guarded.map(
      (target) => (stopped: AbortSignal) => guard(target, { state, bulletin, time, log }, stopped),
    ),
    ...(child ? [child.run] : []),
  );
}

/** Loaded only where there is a store: a machine without one saves the memory. */
async function openStores({ agent }: Settings, time: Time) {
  if (agent.stores.length === 0) return [];
  const { openStore } = await import('./stores/store.ts');
  return agent.stores.map((store) => ({ batch: store.batch, store: openStore(store, time.now) }));
}

/** The watches of the settings, or else the one for the readings of the meter they name. */
function watchesOf({ agent, meter }: Settings): WatchSettings[] {
  return agent.watches ?? [{ name: meter.name, topic: meterTopics(meter.name).reading, heal: true }];
}

/** A child meter heals its own watch; every other watch may restart the one container it names or that names it. */
async function healerOf(
  watch: WatchSettings,
  settings: Settings,
  { time, log }: Deps,
  child: Healer | undefined,
): Promise<Healer | undefined> {
  if (child && watch.topic === meterTopics(settings.meter.name).reading) return child;
  const { socket, stop_timeout } = settings.agent.docker;
  if (!socket.startsWith('tcp://') && !existsSync(socket)) {
    log.info({ watch: watch.name, socket }, 'no Docker socket there: a stall is told, nothing is restarted');
    return undefined;
  }
  // Docker's client is the largest part of all: nobody pays for it who has nothing to restart with it.
  const { dockerHealer } = await import('./heal/docker.ts');
  return dockerHealer(
    { socket, watch: watch.name, container: watch.container, stopTimeoutS: stop_timeout },
    { time, log },
  );
}
