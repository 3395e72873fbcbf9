import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { connectAsync, type MqttClient } from 'mqtt';
import { type RunningBroker, startBroker } from '../../broker/broker.ts';
import { settingsSchema } from '../../shared/settings/schema.ts';
import { findProgram } from './programs.ts';
import { freePort, silentLog, temporaryFolder, until } from './system.ts';

/** Our own broker, on the given port or one of the system's choice; closed with the test. */
export async function openBroker(t: ExecutionContext, port = 0): Promise<RunningBroker & { url: string }> {
  const broker = await startBroker(settingsSchema.parse({ broker: { port } }).broker, { log: silentLog });
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= broker.close();
    return closed;
  };
  t.teardown(close);
  return { ...broker, close, url: `mqtt://127.0.0.1:${broker.mqtt.port}` };
}

/** A real Mosquitto, which can be frozen; killed with the test. */
export async function openMosquitto(
  t: ExecutionContext,
): Promise<{ url: string; signal(name: NodeJS.Signals): void }> {
  const port = await freePort();
  const config = join(temporaryFolder(t), 'mosquitto.conf');
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\n`);
  const mosquitto = spawn(findProgram('mosquitto') ?? 'mosquitto', ['-c', config], { stdio: 'ignore' });
  t.teardown(async () => {
    const exited = once(mosquitto, 'exit');
    mosquitto.kill('SIGKILL');
    if (mosquitto.exitCode === null && mosquitto.signalCode === null) await exited;
  });
  const url = `mqtt://127.0.0.1:${port}`;
  await until('mosquitto to listen', 10_000, async () => {
    const client = await connectAsync(url, { reconnectPeriod: 0 }, false);
    await client.endAsync();
    return true;
  });
  return { url, signal: (name) => void mosquitto.kill(name) };
}

/** A client that keeps all it receives; ended with the test. */
export async function openClient(
  t: ExecutionContext,
  url: string,
  ...topics: string[]
): Promise<MqttClient & { received: { topic: string; payload: string; retain: boolean }[] }> {
  const client = await connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0 }, false);
  t.teardown(() => client.endAsync(true));
  const received: { topic: string; payload: string; retain: boolean }[] = [];
  client.on('error', () => {});
  client.on('message', (topic, payload, { retain }) =>
    received.push({ topic, payload: String(payload), retain }),
  );
  if (topics.length > 0) await client.subscribeAsync(topics, { qos: 1 });
  return Object.assign(client, { received });
}
