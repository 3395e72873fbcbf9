/** What others provide: a broker, stores, a Docker engine. Each is only asked whether it is there. */
import { existsSync } from 'node:fs';
import { connectAsync } from 'mqtt';
import { Client } from 'undici';
import { openStore } from '../../agent/stores/store.ts';
import { reason } from '../../shared/errors.ts';
import type { Settings, StoreSettings } from '../../shared/settings/schema.ts';
import type { Time } from '../../shared/time.ts';
import type { Finding } from './finding.ts';

/** ms for each to answer. */
const PATIENCE = 5000;

/** Logs in, and out again. */
export async function checkBroker({ url, username, password }: Settings['mqtt']): Promise<Finding> {
  const name = 'broker';
  try {
    const client = await connectAsync(
      url,
      {
        protocolVersion: 5,
        reconnectPeriod: 0,
        connectTimeout: PATIENCE,
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password }),
      },
      false,
    );
    await client.endAsync();
    return {
      name,
      result: 'ok',
      sentence: `${url} accepts us${username === undefined ? '' : ` as ${username}`}`,
    };
  } catch (error) {
    return {
      name,
      result: 'fail',
      sentence: `${url}: ${reason(error)}`,
      advice: 'check mqtt.url, mqtt.username and mqtt.password; it must speak MQTT 5',
    };
  }
}

/** Asks for a sign of life; any answer will do. */
export async function checkStore(settings: StoreSettings, time: Time): Promise<Finding> {
  const store = openStore(settings, time.now);
  const name = `store ${store.name}`;
  const began = time.monotonic();
  try {
    await store.ping(AbortSignal.timeout(PATIENCE));
    return {
      name,
      result: 'ok',
      sentence: `${settings.url} answers in ${Math.ceil(time.monotonic() - began)} ms`,
    };
  } catch (error) {
    return {
      name,
      result: 'fail',
      sentence: reason(error),
      advice: 'check its url; readings wait in the journal until it is there',
    };
  } finally {
    await store.close();
  }
}

/** Without an engine a stall is told, and no container is restarted: that may be meant. */
export async function checkDocker({ socket }: Settings['agent']['docker']): Promise<Finding> {
  const name = 'Docker';
  const isRemote = socket.startsWith('tcp://');
  if (!isRemote && !existsSync(socket))
    return {
      name,
      result: 'warn',
      sentence: `no socket at ${socket}: no container will be restarted`,
      advice:
        'mount it, or set agent.docker.socket; not needed for `wattdog up`, which restarts its own meter',
    };
  const timeouts = { connect: { timeout: PATIENCE }, headersTimeout: PATIENCE, bodyTimeout: PATIENCE };
  const client = isRemote
    ? new Client(socket.replace(/^tcp:/, 'http:'), timeouts)
    : new Client('http://localhost', { ...timeouts, socketPath: socket });
  try {
    const { statusCode, headers, body } = await client.request({ method: 'GET', path: '/_ping' });
    await body.dump();
    if (statusCode !== 200) throw new Error(`it answers /_ping with HTTP status ${statusCode}`);
    return { name, result: 'ok', sentence: `${socket}, API version ${headers['api-version'] ?? 'not told'}` };
  } catch (error) {
    return {
      name,
      result: 'warn',
      sentence: `${socket}: ${reason(error)}: no container will be restarted`,
      advice:
        'this user needs the group that owns the socket, often docker; a proxy must let GET /_ping pass',
    };
  } finally {
    await client.destroy();
  }
}
