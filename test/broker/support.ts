import { connect, type Socket } from 'node:net';
import type { ExecutionContext } from 'ava';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import type { BrokerUser, Role } from '../../broker/access.ts';
import { type RunningBroker, startBroker } from '../../broker/broker.ts';
import { hashPassword } from '../../broker/passwords.ts';
import { type BrokerSettings, settingsSchema } from '../../shared/settings/schema.ts';
import { silentLog } from '../support/system.ts';

/** Broker settings as a user would write them, on a port of the system's choice. */
export function brokerSettings(input: object = {}): BrokerSettings {
  return settingsSchema.parse({ broker: { port: 0, ...input } }).broker;
}

/** A broker that is closed when the test ends. */
export async function testBroker(
  t: ExecutionContext,
  input: object = {},
  deps: { connectTimeoutMs?: number } = {},
): Promise<RunningBroker> {
  const broker = await startBroker(brokerSettings(input), { log: silentLog, ...deps });
  t.teardown(() => broker.close());
  return broker;
}

/** One user for each role, named like it; the password of all is `right`. */
export async function testUsers(): Promise<BrokerUser[]> {
  const password_hash = await hashPassword('right');
  const roles: Role[] = ['meter', 'agent', 'reader'];
  return roles.map((role) => ({ name: role, role, password_hash }));
}

export interface Received {
  topic: string;
  payload: string;
  retain: boolean;
  expiry: number | undefined;
  correlation: string | undefined;
}

/** A client of MQTT.js that keeps what it receives. */
export async function testClient(
  t: ExecutionContext,
  broker: RunningBroker,
  options: IClientOptions = {},
  url = `mqtt://127.0.0.1:${broker.mqtt.port}`,
): Promise<MqttClient & { received: Received[] }> {
  const client = await connectAsync(url, { reconnectPeriod: 0, ...options }, false);
  t.teardown(() => client.endAsync(true));
  const received: Received[] = [];
  client.on('message', (topic, payload, { retain, properties }) => {
    const { messageExpiryInterval: expiry, correlationData } = properties ?? {};
    const correlation = correlationData && String(correlationData);
    received.push({ topic, payload: String(payload), retain, expiry, correlation });
  });
  client.on('error', () => {});
  return Object.assign(client, { received });
}

/** A bare TCP connection; `gone` resolves when it has ended, however it did. */
export async function bareSocket(
  t: ExecutionContext,
  port: number,
): Promise<Socket & { gone: Promise<void> }> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  t.teardown(() => socket.destroy());
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  return Object.assign(socket, { gone });
}

/** A CONNECT packet: clean, keep alive 60 s, no user. */
export function connectPacket(version: 4 | 5, clientId: string): Buffer {
  const properties = version === 5 ? [0] : [];
  const body = [0, 4, ...Buffer.from('MQTT'), version, 2, 0, 60, ...properties, 0, clientId.length];
  return Buffer.from([0x10, body.length + clientId.length, ...body, ...Buffer.from(clientId)]);
}

/** A SUBSCRIBE to one filter with QoS 0. */
export function subscribePacket(version: 4 | 5, filter: string): Buffer {
  const properties = version === 5 ? [0] : [];
  const body = [0, 1, ...properties, 0, filter.length, ...Buffer.from(filter), 0];
  return Buffer.from([0x82, body.length, ...body]);
}

/** A client that subscribes to one filter and never reads a byte of what it gets. */
export async function frozenSubscriber(
  t: ExecutionContext,
  broker: RunningBroker,
  version: 4 | 5,
  filter: string,
): Promise<Socket> {
  const socket = await bareSocket(t, broker.mqtt.port);
  socket.write(connectPacket(version, 'frozen'));
  await nextBytes(socket);
  socket.write(subscribePacket(version, filter));
  await nextBytes(socket);
  return socket.pause();
}

/** Waits for the next bytes of a socket. */
export const nextBytes = (socket: Socket): Promise<Buffer> =>
  new Promise((resolve) => socket.once('data', resolve));
