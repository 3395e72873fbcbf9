import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { openLink } from './proxy.ts';
import { freePort, until } from './system.ts';

/** A server that sends back what it gets, behind a link. */
async function echo(t: ExecutionContext) {
  const served: Socket[] = [];
  const server = createServer((socket) => {
    served.push(socket);
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  const target = await freePort();
  server.listen(target, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const link = await openLink(t, await freePort(), target);
  const open = async () => {
    const socket = connect(link.port, '127.0.0.1');
    t.teardown(() => socket.destroy());
    const heard: string[] = [];
    const ended: string[] = [];
    socket.on('data', (chunk) => heard.push(String(chunk)));
    socket.on('error', (error) => ended.push(String(Object(error).code)));
    socket.on('close', () => ended.push('closed'));
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {});
    return { socket, text: () => heard.join(''), ended };
  };
  return { link, open, served };
}

test('what is sent comes through, both ways, and so does the end', async (t) => {
  const { open } = await echo(t);
  const { socket, text, ended } = await open();
  socket.end('hello');
  await until('the end', 10_000, () => ended.length > 0);
  t.is(text(), 'hello');
  t.deepEqual(ended, ['closed']);
});

test('a cut link resets what is open and refuses what comes, until it is healed', async (t) => {
  const { link, open } = await echo(t);
  const before = await open();
  before.socket.write('1');
  await until('an answer', 10_000, () => before.text());
  link.cut();
  await until('the reset', 10_000, () => before.ended.length === 2);
  t.deepEqual(before.ended, ['ECONNRESET', 'closed']);
  const during = await open();
  await until('the refusal', 10_000, () => during.ended.length === 2);
  t.deepEqual(during.ended, ['ECONNREFUSED', 'closed']);
  await link.heal();
  const after = await open();
  after.socket.write('2');
  await until('an answer', 10_000, () => after.text() === '2');
  t.pass();
});

test('a frozen link holds bytes and the loss of the other end, and then passes on both', async (t) => {
  const { link, open, served } = await echo(t);
  const { socket, text, ended } = await open();
  socket.write('1');
  await until('an answer', 10_000, () => text());
  link.freeze();
  socket.write('2');
  served[0]?.write('3');
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.is(text(), '1');
  served[0]?.resetAndDestroy();
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.deepEqual(ended, []);
  await link.heal();
  await until('the loss', 10_000, () => ended.length === 2);
  t.deepEqual(ended, ['ECONNRESET', 'closed']);
});

test('a delayed link is late each way, and keeps the order', async (t) => {
  const { link, open } = await echo(t);
  const { socket, text } = await open();
  link.delay(60);
  const start = performance.now();
  for (const piece of ['1', '2', '3']) socket.write(piece);
  await until('an answer', 10_000, () => text() === '123');
  t.true(performance.now() - start >= 119);
});
