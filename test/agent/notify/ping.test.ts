import test from 'ava';
import { pino } from 'pino';
import { createPing } from '../../../agent/notify/ping.ts';
import { type Owner, silentLog, until } from '../../support/system.ts';
import { virtualTime } from '../../support/virtual-time.ts';
import { NOBODY, type Reply, serve } from './support.ts';

/** A ping each 60 s to a server that answers as the script says. */
async function start(t: Owner, script: (index: number) => Reply) {
  const server = await serve(t, (_request, index) => script(index));
  const time = virtualTime();
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const end = new AbortController();
  t.teardown(() => end.abort());
  const beat = createPing({ url: `${server.url}/s3cr3t?x=1`, period: 60_000 }, { time, log }, end.signal);
  /** Beats four times a second, as the detector does, until the server has been asked so often. */
  const beatUntil = (count: number, healthy: boolean) =>
    until(`${count} pings`, 60_000, async () => {
      beat(healthy);
      await time.advance(250);
      return server.received.length === count;
    });
  const paths = () => server.received.map(({ method, path }) => `${method} ${path}`);
  return { beat, beatUntil, paths, time, lines, end };
}

const ok = (): Reply => ({ status: 200, body: 'OK' });

test('it asks at once, and then once a period, however often it is called', async (t) => {
  const { beatUntil, paths, time } = await start(t, ok);
  await beatUntil(1, true);
  t.true(time.monotonic() < 60_000);
  await beatUntil(3, true);
  t.true(time.monotonic() >= 120_000);
  t.deepEqual(paths(), Array(3).fill('GET /s3cr3t?x=1'));
});

test('that it is not ready is said soon, but not at every turn', async (t) => {
  const { beatUntil, paths, time } = await start(t, ok);
  await beatUntil(1, true);
  await beatUntil(2, false);
  t.true(time.monotonic() >= 10_000 && time.monotonic() < 60_000, `${time.monotonic()}`);
  await beatUntil(3, true);
  t.true(time.monotonic() >= 20_000);
  t.deepEqual(paths(), ['GET /s3cr3t?x=1', 'GET /s3cr3t/fail?x=1', 'GET /s3cr3t?x=1']);
});

test('a server that fails is said once, without the address, and so is that it works again', async (t) => {
  const replies: Reply[] = [{ status: 500 }, 'reset', { status: 404 }];
  const { beatUntil, lines } = await start(t, (index) => replies[index] ?? ok());
  await beatUntil(4, true);
  await until('the good news', 60_000, () => lines.length === 2);
  t.regex(lines[0] ?? '', /pinging 127\.0\.0\.1:\d+: answered 500; tried again/);
  t.regex(lines[1] ?? '', /works again/);
  t.notRegex(lines.join(''), /s3cr3t/);
});

test('a server that hangs is not asked again meanwhile, and lets go at the end', async (t) => {
  const { beat, beatUntil, paths, time, lines, end } = await start(t, () => 'hang');
  await beatUntil(1, true);
  const goOn = async () => {
    for (let turn = 0; turn < 5; turn++) {
      beat(true);
      await time.advance(60_000);
    }
  };
  await goOn();
  t.is(paths().length, 1);
  end.abort();
  await goOn();
  t.is(paths().length, 1);
  t.deepEqual(lines, []);
});

test('nobody there is no reason to throw', (t) => {
  const end = new AbortController();
  t.teardown(() => end.abort());
  const url = `${NOBODY}/s3cr3t`;
  const time = virtualTime();
  const beat = createPing({ url, period: 60_000 }, { time, log: silentLog }, end.signal);
  t.notThrows(() => beat(true));
});
