import { connect } from 'node:net';
import test from 'ava';
import { runBroker } from '../../broker/main.ts';
import { settingsSchema } from '../../shared/settings/schema.ts';
import { freePort, silentLog, until } from '../support/system.ts';
import { bareSocket } from './support.ts';

test('the broker alone runs until it is told to stop', async (t) => {
  const port = await freePort();
  const stop = new AbortController();
  const running = runBroker(settingsSchema.parse({ broker: { port } }), { log: silentLog }, stop.signal);
  await Promise.race([running, until('it to listen', 5000, () => isListening(port))]);
  const client = await bareSocket(t, port);
  client.resume();
  stop.abort();
  await Promise.all([running, client.gone]);
  t.false(await isListening(port));
});

test('it does not start when it was told to stop before', async (t) => {
  const settings = settingsSchema.parse({
    broker: { host: '203.0.113.7' },
    mqtt: { url: 'mqtt://elsewhere' },
  });
  await t.notThrowsAsync(runBroker(settings, { log: silentLog }, AbortSignal.abort()));
});

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
