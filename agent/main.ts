import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { reason } from '../shared/errors.ts';
import { keepHeartbeat } from '../shared/heartbeat.ts';
import type { Log } from '../shared/log.ts';
import { type BrokerAddress, keepSession } from '../shared/mqtt.ts';
import { openFile } from '../shared/open-file.ts';
import { brokerAddress } from '../shared/settings/broker-address.ts';
import { maxGapsOf, metersOf } from '../shared/settings/meters.ts';
import type { Settings } from '../shared/settings/schema.ts';
import { every, type Time } from '../shared/time.ts';
import { together } from '../shared/together.ts';
import { VERSION } from '../shared/version.ts';
import { agentTopics } from '../shared/wire.ts';
import { Bulletin } from './bulletin.ts';
import { openDocker } from './docker.ts';
import { Live } from './doors/live.ts';
import type { Operations } from './doors/operations.ts';
import { Operator } from './doors/operator.ts';
import { keepPosted } from './doors/posts.ts';
import { createRequests } from './doors/requests.ts';
import { startEmbedded } from './embedded.ts';
import { Feeds } from './feeds.ts';
import { detect } from './guard/detector.ts';
import { Guard } from './guard/guard.ts';
import { Holds } from './guard/hold.ts';
import { Incidents } from './guard/incidents.ts';
import { makeWard, specsOf } from './guard/ward.ts';
import { Wards } from './guard/wards.ts';
import { type Supervised, superviseChild } from './heal/child.ts';
import { sharedHealers } from './heal/shared.ts';
import { createAnnouncer } from './home-assistant/create.ts';
import { House } from './house/house.ts';
import { createIntake } from './intake.ts';
import { thisZone } from './journal/calendar.ts';
import { Journal } from './journal/journal.ts';
import { keepJournal } from './journal/upkeep.ts';
import { Meters } from './meters.ts';
import { createLifeSigns } from './notify/life-signs.ts';
import { createMessenger } from './notify/messenger.ts';
import { AgentState } from './state.ts';
import type { AgentStatus } from './status.ts';
import { Observer } from './watch/observer.ts';
import { keepSight } from './watch/sight.ts';
import type { Verdict } from './watch/verdict.ts';
import { renderMetrics } from './web/metrics.ts';
import { startWeb } from './web/server.ts';
import { tokenOf } from './web/token.ts';

const SAVE_CADENCES = 60_000;

export interface RunningAgent {
  status(): AgentStatus;
  operations: Operations;
  broker: BrokerAddress;
  /** Of `/healthz`, `/readyz`, `/metrics`, the webhooks and the API. */
  httpPort: number;
}

interface Deps {
  time: Time;
  log: Log;
  /** Starts a meter as our child; without it meters run elsewhere, in containers. */
  spawnMeter?: (broker: BrokerAddress) => ChildProcess;
  /** The serial devices of this machine, where this process can see them. */
  devices?: () => string[];
  /** Called once everything listens. */
  ready?: (agent: RunningAgent) => void;
}

/**
 * The agent: broker, intake → journal → stores, and the watches with their healers, until the signal
 * aborts. Everything that can be refused is opened first; nothing runs unless all of it opened.
 */
export async function runAgent(settings: Settings, deps: Deps, signal: AbortSignal): Promise<void> {
  const { time, log } = deps;
  const { zone } = settings.agent.journal;
  await using opened = new AsyncDisposableStack();

  const journal = openFile(settings.data, 'journal.db', (path) => new Journal(path, { zone, log }));
  opened.defer(() => journal.close());
  const state = openFile(settings.data, 'agent.db', (path) => new AgentState(path, log));
  opened.defer(() => state.close());
  const messenger = openFile(settings.data, 'notify.db', (path) =>
    createMessenger(settings.agent.notify, { path, zone, time, log }),
  );
  opened.defer(() => messenger.close());

  const embedded = settings.mqtt.url === 'embedded' ? await startEmbedded(settings.broker, log) : undefined;
  if (embedded) opened.defer(() => embedded.broker.close());
  const address = embedded?.agent ?? brokerAddress(settings);

  const { spawnMeter } = deps;
  const child: Supervised | undefined =
    spawnMeter &&
    superviseChild('meter', () => spawnMeter(embedded?.meter ?? address), {
      time,
      log,
      sees: (process) => wards.seesProcess(process, child?.healer),
    });
  const feeds = await Feeds.open(settings.agent.stores, { journal, time, log });
  opened.defer(() => feeds.close());

  const meters = new Meters(
    state.profileStore(log),
    log,
    settings.meters.map(({ name }) => name),
  );
  const live = new Live(() => house.state());
  const intake = createIntake({
    journal,
    log,
    isFormer: (meter) => meters.isFormer(meter),
    heard: (meter, reading) => live.tell({ event: 'reading', data: { meter, reading } }),
  });
  const bulletin = new Bulletin();
  bulletin.post(agentTopics.state, 'online');
  const incidents = new Incidents(
    state,
    (event, incident) => {
      bulletin.tell(agentTopics.event(incident.watch), { event_type: event, ...incident });
      messenger.tell(incident);
      live.tell({ event: 'incident', data: incident });
    },
    log,
  );
  const holds = new Holds(state.holdStore(log), settings.agent.maintenance, zone);
  const observer = new Observer();
  const docker = await openDocker(settings.agent.docker, { time, log });
  const tellVerdict = (watch: string, verdict: Verdict) => {
    bulletin.post(agentTopics.watch(watch), verdict);
    for (const status of operations.watches())
      if (status.name === watch) live.tell({ event: 'watch', data: status });
  };
  const ours = metersOf(settings);
  const share = sharedHealers(time);
  const wards = new Wards(specsOf(settings), {
    make: (spec) =>
      makeWard(spec, {
        healerOf: ({ name, heal, which, stopTimeoutS }, meter) => {
          if (!heal) return undefined;
          if (child && ours.some((own) => own.name === meter)) return share(name, child.healer);
          return docker && share(name, docker.healer(which, stopTimeoutS));
        },
        ...{ state, journal, bulletin, time, usbDevice: settings.agent.docker.usb_reset },
      }),
    guard: (ward, stopped) =>
      new Guard(
        ward,
        { incidents, post: (verdict) => tellVerdict(ward.name, verdict), time, log },
        AbortSignal.any([signal, stopped]),
      ),
    dropped: (name) => bulletin.retract(agentTopics.watch(name)),
    labels: settings.agent.docker.labels,
    respectPause: settings.agent.docker.paused === 'respect',
    monotonic: time.monotonic,
    log,
  });
  const operations = new Operator({ wards, holds, incidents, meters, time, log });
  const lifeSigns = await createLifeSigns(
    settings.agent.notify.ping,
    { environment: process.env, time, log },
    signal,
  );

  const started = time.now();
  const house = new House({
    ...{ meters, intake, journal, operations, live, zone: zone ?? thisZone(), time },
    maxGapOf: maxGapsOf(settings),
    stores: () => feeds.status(),
    agent: () => ({
      version: VERSION,
      started,
      now: time.now(),
      zone: zone ?? thisZone(),
      connected,
      broker: address.url,
      embedded: embedded !== undefined,
      journal: { trouble: journal.trouble ?? null, expired: journal.counts.expired },
      devices: deps.devices?.() ?? null,
    }),
  });

  const requests = createRequests({ operations, queries: house, time, log });

  let connected = false;
  const status = (): AgentStatus => ({
    meters: [...intake.latest].map(([meter, reading]) => ({ meter, reading })),
    watches: operations.watches().map((watch) => ({ ...watch, counts: incidents.counts(watch.name) })),
    notify: messenger.status(),
    stores: feeds.status(),
    intake: intake.counts,
    journal: { ...journal.counts, trouble: journal.trouble },
    broker: embedded?.broker.stats(),
    connected,
  });
  const { token, made } = await tokenOf(settings);
  const web = await startWeb(
    { ...settings.agent, http: { ...settings.agent.http, token } },
    {
      readiness: () => ({
        broker: connected || 'no session with the broker',
        journal: journal.trouble ?? true,
      }),
      metrics: (hooks) => renderMetrics(status(), { hooks, requests: requests.counts }),
      operations,
      queries: house,
      time,
      log,
    },
  );
  opened.defer(() => web.close());

  const announcer = createAnnouncer(settings.agent, {
    ...{ meters, latest: intake.latest, operations, stores: () => feeds.names(), bulletin },
    newest: (name) => house.newest(name),
    store: state.announcementStore(log),
    ...{ time, log },
  });
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
          await Promise.all([intake, meters, requests, announcer].map((part) => part.run(session)));
        } finally {
          connected = false;
        }
      },
    );
  const holdOf = (name: string) => holds.held(name, time.now())?.why ?? wards.holdOf(name);

  log.info({ broker: address.url, http: web.port, data: settings.data }, 'the agent runs');
  const page = settings.agent.notify.page ?? `http://localhost:${web.port}/`;
  // Who reads this log may read the file that the token is in.
  log.info(`the page: ${page}${made ? `#token=${token}` : ''}`);
  deps.ready?.({ status, operations, broker: address, httpPort: web.port });
  await together(
    signal,
    converse,
    (stopped) =>
      keepSight(
        address,
        { observer, targets: () => wards.targets(), changed: wards.changed, time, log },
        stopped,
      ),
    (stopped) =>
      detect({ observer, guards: () => wards.guards(), holdOf, beat: lifeSigns.beat, time }, stopped),
    (stopped) => keepHeartbeat('agent', time, stopped),
    (stopped) =>
      keepJournal(
        journal,
        { limits: settings.agent.journal, stores: () => feeds.names() },
        { time, log },
        stopped,
      ),
    (stopped) =>
      keepPosted({ queries: house, operations, meters, intake, bulletin, live, time, log }, stopped),
    (stopped) => keepCadences(wards, { state, time, log }, stopped),
    (stopped) => messenger.run(stopped),
    (stopped) => feeds.run(stopped),
    ...(docker ? [(stopped: AbortSignal) => docker.follow(wards, observer, stopped)] : []),
    ...(child ? [child.run] : []),
  );
}

/** What is learned outlives the agent. */
async function keepCadences(
  wards: Wards,
  { state, time, log }: { state: AgentState; time: Time; log: Log },
  signal: AbortSignal,
): Promise<void> {
  const save = () => {
    try {
      for (const { ward } of wards.guards()) state.saveCadence(ward.name, ward.watch.cadence.window());
    } catch (error) {
      log.error(`keeping what the watches have learned: ${reason(error)}`);
    }
  };
  await every(SAVE_CADENCES, time, signal, save);
  save();
}
