import { connect, createServer, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { watchStalled } from '../../broker/stalled.ts';
import { until } from '../support/system.ts';

/** Both ends of a loopback connection. */
async function pair(t: ExecutionContext): Promise<{ near: Socket; far: Socket }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const far = connect(address.port, '127.0.0.1');
  const near = await accepted;
  t.teardown(() => {
    for (const socket of [near, far]) socket.destroy();
    server.close();
  });
  return { near, far };
}

function watch(t: ExecutionContext, sockets: Socket[], timeoutMs: number): Socket[] {
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const stalled: Socket[] = [];
  watchStalled(sockets, timeoutMs, (socket) => stalled.push(socket), stop.signal);
  return stalled;
}

test('a socket whose other end reads nothing is found, an idle one is not', async (t) => {
  const { near: frozen, far } = await pair(t);
  const { near: idle } = await pair(t);
  far.pause();
  const stalled = watch(t, [frozen, idle], 200);
  while (frozen.write(Buffer.alloc(64 * 1024)));
  await until('it to be found', 10_000, () => stalled.length > 0);
  t.is(stalled[0], frozen);
  t.false(stalled.includes(idle));
});

test('a socket whose other end reads slowly is left alone', async (t) => {
  const { near, far } = await pair(t);
  far.pause();
  while (near.write(Buffer.alloc(64 * 1024)));
  const stalled = watch(t, [near], 5000);
  const start = Date.now();
  const sip = setInterval(() => {
    far.read();
    near.write(Buffer.alloc(256 * 1024));
  }, 20);
  t.teardown(() => clearInterval(sip));
  await until('the timeout to pass', 60_000, () => Date.now() > start + 6000);
  t.deepEqual(stalled, []);
});
