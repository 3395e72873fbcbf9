import type { EventEmitter } from 'node:events';
import { Aedes, type AedesPublishPacket, type AuthenticateError, type Client } from 'aedes';
import { GiveUpError, reason } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';
import { isLoopback } from '../shared/settings/rules.ts';
import type { BrokerSettings } from '../shared/settings/schema.ts';
import { type BrokerUser, mayOpenWebSocket, mayPublish, mayRead, type Role } from './access.ts';
import { credentialUsers } from './credentials.ts';
import { type Address, type Listeners, openListeners } from './listeners.ts';
import { refuseMalformed } from './malformed.ts';
import { cappedPersistence } from './queues.ts';
import { retainedKeeper } from './retained.ts';
import { roomKeeper } from './room.ts';
import { type FindRole, userLookup } from './users.ts';

/** Milliseconds from a connection to its whole CONNECT; whoever is slower or silent is cut off. */
const CONNECT_TIMEOUT = 10_000;
/** Seconds that a session may outlive its connection (MQTT 5; in 3.1.1 it does so for ever). */
const SESSION_EXPIRY = 24 * 3600;
/** Milliseconds that clients get to take their DISCONNECT when the broker closes. */
const FAREWELL = 250;
/** Milliseconds; aedes sets a timer of four times this, and a timer cannot be longer. */
const LONGEST_BEAT = Math.floor((2 ** 31 - 1) / 4);

export interface BrokerStats {
  /** Sockets open now, and how many of them have connected with MQTT. */
  connections: number;
  connected: number;
  /** Since the start: connections over the limit, and wrong user names or passwords. */
  refused: number;
  denied: number;
  /** Since the start: messages published by clients, and topics and filters refused to them. */
  messages: number;
  forbidden: number;
  /** Since the start: messages left out for a session whose queue or buffer was full, and subscribers that
   * stopped reading. */
  dropped: number;
  stalled: number;
}

export interface RunningBroker {
  mqtt: Address;
  websocket?: Address;
  stats(): BrokerStats;
  /** Disconnects everyone; resolves in less than a second. */
  close(): Promise<void>;
}

/**
 * Starts the broker. With neither users nor a credentials folder configured it is open to everyone, and
 * therefore to this machine alone. `extraUsers` may connect besides the configured ones.
 * @throws GiveUpError when it cannot listen or a user is configured wrongly; then nothing stays open.
 */
export async function startBroker(
  settings: BrokerSettings,
  deps: { log: Log; extraUsers?: BrokerUser[]; connectTimeoutMs?: number },
): Promise<RunningBroker> {
  const { log, extraUsers = [], connectTimeoutMs = CONNECT_TIMEOUT } = deps;
  const open = settings.users.length === 0 && settings.credentials === undefined;
  if (open && !isLoopback(settings.host))
    throw new GiveUpError(
      `starting the broker: broker.host must be a loopback address unless broker.users or broker.credentials say who may connect, got ${settings.host}`,
      78,
    );
  const findRole: FindRole = open ? async () => 'agent' : userLookup(await allUsers(settings, extraUsers));
  const counts = { connected: 0, refused: 0, denied: 0, messages: 0, forbidden: 0, dropped: 0, stalled: 0 };

  const persistence = cappedPersistence(() => {
    counts.dropped += 1;
  });
  const aedes = await Aedes.createBroker({
    ...guards(findRole, retainedKeeper(persistence), counts, log),
    persistence,
    // Without a bound of messages under way none queue up, and there is nothing to bound: each is written
    // or left out at once. Behind the bound aedes holds up everyone, and when the queue moves again the
    // emitter inside calls itself once a message: some thousands overflow the stack and end the process.
    concurrency: 0,
    connectTimeout: connectTimeoutMs,
    drainTimeout: settings.drain_timeout,
    maximumPacketSize: settings.max_packet,
    sessionExpiryIntervalLimit: SESSION_EXPIRY,
    pendingSessionsLimit: settings.max_connections,
    // Every fourth beat aedes publishes the wills of brokers in its cluster that missed three. There is
    // no cluster, and when the wall clock jumps ahead it mistakes itself for one of those.
    heartbeatInterval: LONGEST_BEAT,
  });
  tell(aedes, counts, log);

  let listeners: Listeners;
  try {
    listeners = await openListeners(settings, {
      handle: (stream, request) => refuseMalformed(aedes.handle(stream, request)),
      allowOrigin: (origin) => mayOpenWebSocket(origin, open),
      onRefused: () => {
        // Said once, for a flood of connections must not become a flood of log lines.
        if (counts.refused === 0)
          log.warn(
            { max_connections: settings.max_connections },
            'refused a connection: broker.max_connections are open',
          );
        counts.refused += 1;
      },
      onStalled: () => {
        counts.stalled += 1;
        log.warn('disconnected a subscriber that stopped reading');
      },
      requestTimeoutMs: connectTimeoutMs,
    });
  } catch (error) {
    await new Promise<void>((resolve) => aedes.close(resolve));
    throw error;
  }
  const { mqtt, websocket, sockets } = listeners;
  log.info({ mqtt, ...(websocket && { websocket }) }, 'the broker listens');

  return {
    mqtt,
    ...(websocket && { websocket }),
    stats: () => ({ connections: sockets.size, ...counts }),
    async close() {
      listeners.stop();
      // aedes waits until each client has taken its DISCONNECT; a frozen one never does.
      const timer = setTimeout(listeners.destroy, FAREWELL);
      await new Promise<void>((resolve) => aedes.close(resolve));
      clearTimeout(timer);
      await listeners.destroy();
    },
  };
}

async function allUsers(settings: BrokerSettings, extraUsers: BrokerUser[]): Promise<BrokerUser[]> {
  const made = settings.credentials === undefined ? [] : await credentialUsers(settings.credentials);
  return [...settings.users, ...made, ...extraUsers];
}

type Counts = Omit<BrokerStats, 'connections'>;
type Hooks = Pick<Aedes, 'authenticate' | 'authorizePublish' | 'authorizeSubscribe' | 'authorizeForward'>;

/** The questions aedes asks about each client: may it connect, publish, subscribe, receive? */
function guards(
  findRole: FindRole,
  isCurrent: (packet: AedesPublishPacket) => boolean,
  counts: Counts,
  log: Log,
): Hooks {
  const roles = new WeakMap<Client, Role>();
  const warned = new WeakSet<Client>();
  const hasRoom = roomKeeper();

  const forbid = (client: Client, action: string, topic: string): Error => {
    counts.forbidden += 1;
    const refusal = `${action} ${topic.slice(0, 200)}: not allowed to the role ${roles.get(client) ?? 'none'}`;
    // Said once a connection, for a client may try a thousand times a second.
    if (!warned.has(client)) log.warn({ client: client.id }, refusal);
    warned.add(client);
    return new Error(refusal);
  };

  return {
    authenticate(client, username, password, done) {
      findRole(username, password).then(
        (role) => {
          if (role !== undefined) {
            roles.set(client, role);
            return done(null, true);
          }
          counts.denied += 1;
          log.warn({ client: client.id, user: username?.slice(0, 64) }, 'wrong user name or password');
          done(badUserNameOrPassword(), false);
        },
        (error: unknown) => done(badUserNameOrPassword(error), false),
      );
    },

    // Wills come here as well. MQTT 5 answers 0x87 and goes on, except that QoS 0 has no answer. MQTT 3.1.1
    // has no way to say no: aedes closes the connection, as MQTT-3.3.5-2 allows; its other way, an
    // acknowledgement of what is then thrown away, would be a lie.
    authorizePublish(client, packet, done) {
      const role = client && roles.get(client);
      if (client === null || (role && mayPublish(role, packet.topic))) done(null);
      else done(forbid(client, 'publishing to', packet.topic));
    },

    authorizeSubscribe(client, subscription, done) {
      const { topic } = subscription;
      const role = roles.get(client);
      // To MQTT 3.1.1 aedes grants a shared subscription, but never delivers to it.
      const granted = role !== undefined && mayRead(role, topic) && !topic.startsWith('$share/');
      if (!granted) forbid(client, 'subscribing to', topic);
      done(null, granted ? subscription : null);
    },

    // Not redundant: of a persistent session aedes stores the refused filters too, and after the next
    // connection delivers what they have queued.
    authorizeForward(client, packet) {
      const role = roles.get(client);
      if (role === undefined || !mayRead(role, packet.topic) || !isCurrent(packet)) return null;
      if (hasRoom(client, packet)) return packet;
      counts.dropped += 1;
      return null;
    },
  };
}

function badUserNameOrPassword(cause?: unknown): AuthenticateError {
  return Object.assign(new Error('bad user name or password', { cause }), { returnCode: 4 as const });
}

function tell(aedes: Aedes, counts: Counts, log: Log): void {
  aedes.on('publish', (_packet, client) => {
    if (client) counts.messages += 1;
  });
  aedes.on('clientReady', (client) => {
    log.debug({ client: client.id, version: client.version }, 'connected');
    if (client.conn.closed) return;
    // aedes' own count drifts when connections break while they are made.
    counts.connected += 1;
    client.conn.once('close', () => {
      counts.connected -= 1;
    });
  });
  aedes.on('clientDisconnect', (client) => log.debug({ client: client.id }, 'disconnected'));
  aedes.on('clientError', (client, error) => log.debug({ client: client.id }, reason(error)));
  (aedes as EventEmitter).on('error', (error) => log.error(`the broker failed inside: ${reason(error)}`));
  aedes.on('connectionError', (_client, error) => log.debug(reason(error)));
}
