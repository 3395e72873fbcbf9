import { Socket } from 'node:net';
import { connect, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { exponential } from './backoff.ts';
import { RetryError, reason } from './errors.ts';
import type { Log } from './log.ts';
import type { Time } from './time.ts';

export interface BrokerAddress {
  /** Such as `mqtt://127.0.0.1:1883`. */
  url: string;
  username?: string | undefined;
  password?: string | undefined;
}

export interface PublishOptions {
  qos?: 0 | 1;
  retain?: boolean;
  /** Seconds after which the broker forgets the message; whole, at least 1. */
  expirySeconds?: number;
  /** MQTT 5's request and response: where to answer, and what tells the answers apart. */
  responseTopic?: string;
  correlationData?: Uint8Array;
}

/** One connection to the broker, from CONNACK until it breaks. */
export interface Session {
  /** Aborts when the connection is gone or the caller stops. */
  readonly signal: AbortSignal;
  /** Resolves when the broker acknowledged it (QoS 1) or it was written (QoS 0). */
  publish(topic: string, payload: string, options?: PublishOptions): Promise<void>;
  /**
   * @param onMessage is called in order of arrival with every message of the session, and must not throw;
   * left out where an earlier subscription's listens already.
   */
  subscribe(
    topics: string[],
    qos: 0 | 1,
    onMessage?: (topic: string, payload: Uint8Array, packet: IPublishPacket) => void,
  ): Promise<void>;
  unsubscribe(topics: string[]): Promise<void>;
}

interface Options {
  address: BrokerAddress;
  clientId: string;
  will?: { topic: string; payload: string };
  /** The last message of an orderly end, sent while the connection still stands. */
  farewell?: (session: Session) => Promise<void>;
}

const CONNECT_TIMEOUT_MS = 5000;
const KEEPALIVE_SECONDS = 10;
const FAREWELL_TIMEOUT_MS = 1000;

/**
 * Keeps a session with the broker until the signal aborts: connects, runs `session`, and when the
 * connection breaks waits and does it again. Each connection is a new, clean session and nothing is
 * carried over by the client library: what must survive is in an outbox or a journal, not in its memory.
 */
export async function keepSession(
  options: Options,
  deps: { time: Time; log: Log; random?: () => number },
  signal: AbortSignal,
  run: (session: Session) => Promise<void>,
): Promise<void> {
  const backoff = exponential(200, 5000, deps.random);
  let lastComplaint = '';
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      const client = await open(options, signal);
      if (lastComplaint !== '') deps.log.info({ broker: options.address.url }, 'connected to the broker');
      lastComplaint = '';
      attempt = 0;
      await useClient(client, options, signal, run);
      if (!signal.aborted)
        lastComplaint = complain(deps.log, options.address.url, 'the connection closed', lastComplaint);
    } catch (error) {
      if (signal.aborted) return;
      lastComplaint = complain(deps.log, options.address.url, reason(error), lastComplaint);
    }
    await deps.time.sleep(backoff(attempt), signal).catch(() => {});
  }
}

/** Says a broker's trouble once, not at every try. */
function complain(log: Log, broker: string, message: string, last: string): string {
  if (message !== last) log.warn({ broker }, `no session with the broker: ${message}; trying again`);
  return message;
}

function connectOptions({ address, clientId, will }: Options): IClientOptions {
  const url = new URL(address.url);
  const protocol = url.protocol.slice(0, -1) as NonNullable<IClientOptions['protocol']>;
  return {
    protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    // For TCP, the library would take a path for a Unix socket.
    ...(protocol.startsWith('ws') ? { path: url.pathname + url.search } : {}),
    protocolVersion: 5,
    clientId,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepalive: KEEPALIVE_SECONDS,
    resubscribe: false,
    queueQoSZero: false,
    ...(address.username === undefined ? {} : { username: address.username }),
    ...(address.password === undefined ? {} : { password: address.password }),
    ...(will
      ? { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true } }
      : {}),
  };
}

/** @throws what the connection failed with, or the signal's reason. */
async function open(options: Options, signal: AbortSignal): Promise<MqttClient> {
  const client = connect(connectOptions(options));
  const opened = Promise.withResolvers<void>();
  const abort = () => opened.reject(signal.reason);
  const close = () => opened.reject(new Error('the connection closed before the broker accepted it'));
  client
    .once('connect', () => opened.resolve())
    .on('error', opened.reject)
    .once('close', close);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await opened.promise;
    return client;
  } catch (error) {
    client.end(true);
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
    client.off('close', close);
  }
}

async function useClient(
  client: MqttClient,
  options: Options,
  signal: AbortSignal,
  run: (session: Session) => Promise<void>,
): Promise<void> {
  // Nagle's algorithm and delayed acknowledgements together cost 40 ms a QoS 1 message.
  if (client.stream instanceof Socket) client.stream.setNoDelay(true);
  const closed = new AbortController();
  let failure: unknown;
  client.on('close', () => closed.abort());
  client.on('error', (error) => {
    failure = error;
    closed.abort();
  });
  const session = openSession(client, AbortSignal.any([signal, closed.signal]));
  try {
    await run(session);
    if (failure !== undefined) throw failure;
  } finally {
    await end(client, openSession(client, closed.signal), signal.aborted ? options.farewell : undefined);
  }
}

function openSession(client: MqttClient, signal: AbortSignal): Session {
  // The client library leaves the promises of a lost connection pending for ever.
  const lost = new Promise<never>((_resolve, reject) => {
    const fail = () => reject(new RetryError('the session ended'));
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
  lost.catch(() => {});
  return {
    signal,
    async publish(topic, payload, options = {}) {
      const { qos = 1, retain = false, expirySeconds, responseTopic, correlationData } = options;
      const properties = {
        ...(expirySeconds === undefined ? {} : { messageExpiryInterval: expirySeconds }),
        ...(responseTopic === undefined ? {} : { responseTopic }),
        ...(correlationData === undefined ? {} : { correlationData: Buffer.from(correlationData) }),
      };
      if (signal.aborted) await lost;
      await Promise.race([client.publishAsync(topic, payload, { qos, retain, properties }), lost]);
    },
    async subscribe(topics, qos, onMessage) {
      if (signal.aborted) await lost;
      if (onMessage) client.on('message', (topic, payload, packet) => onMessage(topic, payload, packet));
      const granted = await Promise.race([client.subscribeAsync(topics, { qos }), lost]);
      const refused = granted.find((grant) => grant.qos >= 128);
      if (refused)
        throw new Error(`subscribing to ${refused.topic}: the broker refused it with code ${refused.qos}`);
    },
    async unsubscribe(topics) {
      if (signal.aborted) await lost;
      await Promise.race([client.unsubscribeAsync(topics), lost]);
    },
  };
}

/** Ends in order where the broker answers, and in time where it does not: a frozen one never closes. */
async function end(client: MqttClient, session: Session, farewell: Options['farewell']): Promise<void> {
  const inOrder = async () => {
    if (!session.signal.aborted) await farewell?.(session);
    await client.endAsync(!client.connected);
  };
  const enough = Promise.withResolvers<void>();
  const timer = setTimeout(enough.resolve, FAREWELL_TIMEOUT_MS);
  await Promise.race([inOrder().catch(() => {}), enough.promise]);
  clearTimeout(timer);
  client.stream.destroy();
}
