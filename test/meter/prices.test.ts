import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { Diary } from '../../meter/diagnostics.ts';
import { openMeterPrices, type SharedPrices } from '../../meter/prices.ts';
import { tariffSchema } from '../../shared/settings/tariff.ts';
import { startHttp } from '../support/http-server.ts';
import { temporaryFolder, until } from '../support/system.ts';
import { virtualTime } from '../support/virtual-time.ts';

const NOW = Date.parse('2026-11-01T12:20:00Z');
const HOUR = 3_600_000;
const QUIET = pino({ level: 'silent' });
const OUTBOX = { errors: 0, pending: 0, unwritten: 0, bytes: 0, dropped: { age: 0, size: 0, memory: 0 } };

/** Serves hours of one price each, from an hour ago until tomorrow; a `price` of undefined is a server in trouble. */
async function startSource(t: ExecutionContext) {
  const source = { url: '', price: 0.1 as number | undefined, asked: 0 };
  const { url } = await startHttp(t, (_request, response) => {
    source.asked += 1;
    if (source.price === undefined) response.writeHead(503).end();
    else
      response.end(
        JSON.stringify(
          Array.from({ length: 25 }, (_, index) => ({
            at: Math.floor(NOW / HOUR - 1 + index) * 3600,
            price: source.price,
          })),
        ),
      );
  });
  source.url = `${url}/`;
  return source;
}

function tariffOf(url: string, { fallback = 0.5, surcharge = 0, ...more }: Record<string, number> = {}) {
  return tariffSchema.parse({
    name: 'spot',
    currency: 'EUR',
    zone: 'Europe/Berlin',
    periods: [{ name: 'all', price: surcharge }],
    dynamic: {
      fallback,
      import: { url, shape: 'generic', mapping: { from: 'at', price: 'price' }, ...more },
    },
  });
}

/** A process of meters: what they share, and how to start each and stop all. */
function household(t: ExecutionContext, folder: string) {
  const time = virtualTime(NOW);
  const shared: SharedPrices = new Map();
  const running = new Map<unknown, Promise<void>>();
  const stopping = new AbortController();
  const stop = async () => {
    stopping.abort();
    await Promise.all(running.values());
  };
  t.teardown(stop);
  return {
    time,
    stop,
    async start(meter: string, tariff: ReturnType<typeof tariffOf>) {
      const prices = await openMeterPrices(tariff, { folder, meter }, { time, log: QUIET, shared });
      for (const each of shared.values())
        if (!running.has(each)) running.set(each, each.run(stopping.signal));
      t.teardown(prices.close);
      return { ...prices, price: () => prices.pricing.at(NOW).price };
    },
  };
}

const round = (price: number) => Math.round(price * 1e9) / 1e9;

test('twenty meters on one dynamic tariff ask its source once, and keep one cache', async (t) => {
  const source = await startSource(t);
  const folder = temporaryFolder(t);
  const { start, time } = household(t, folder);
  const names = Array.from({ length: 20 }, (_, index) => `room-${index}`);
  const meters = await Promise.all(names.map((name) => start(name, tariffOf(source.url))));
  await until('the price', 20_000, () => meters.every(({ price }) => price() === 0.1));
  t.is(source.asked, 1);
  t.deepEqual(
    readdirSync(folder).filter((file) => file.startsWith('prices-')),
    ['prices-room-0.json'],
  );

  // What flowed is each one's own, and so is what a late correction makes of it.
  const [first, second] = meters;
  first?.corrections?.note(NOW - 60_000, NOW, { import: 2, export: 0 });
  second?.corrections?.note(NOW - 60_000, NOW, { import: 5, export: 0 });
  source.price = 0.3;
  await until('the new price', 20_000, async () => {
    await time.advance(HOUR / 2);
    return first?.price() === 0.3;
  });
  t.is(round(first?.corrections?.take()?.cost ?? 0), 0.4);
  t.is(round(second?.corrections?.take()?.cost ?? 0), 1);
  t.is(meters[2]?.corrections?.take(), undefined);
});

test('what is asked for alike is shared, whatever is made of it; what is not is not', async (t) => {
  const source = await startSource(t);
  const { start } = household(t, temporaryFolder(t));
  const plain = await start('plain', tariffOf(source.url));
  await until('the price', 20_000, () => plain.price() === 0.1);
  const dearer = await start('dearer', tariffOf(source.url, { surcharge: 0.2, fallback: 9 }));
  t.is(round(dearer.price()), 0.3);
  t.is(source.asked, 1);
  const taxed = await start('taxed', tariffOf(source.url, { add: 0.05, fallback: 9 }));
  await until('the taxed price', 20_000, () => round(taxed.price()) === 0.15);
  t.is(source.asked, 2);
  t.is(plain.price(), 0.1);
});

test('what one meter has kept is there for another that asks in the same terms, but not in others', async (t) => {
  const source = await startSource(t);
  const folder = temporaryFolder(t);
  const former = household(t, folder);
  const before = await former.start('first', tariffOf(source.url));
  await until('the price', 20_000, () => before.price() === 0.1);
  await former.stop();
  source.price = undefined;
  const { start } = household(t, folder);
  t.is((await start('second', tariffOf(source.url, { fallback: 9 }))).price(), 0.1);
  t.is((await start('third', tariffOf(source.url, { fallback: 9, add: 0.05 }))).price(), 9);
  t.true(readFileSync(join(folder, 'prices-first.json'), 'utf8').length > 0);
});

test('the diagnostics tell of a source that is dead, and when the fallback stands in', async (t) => {
  const source = await startSource(t);
  const { start, time } = household(t, temporaryFolder(t));
  const meter = await start('main', tariffOf(source.url));
  const diary = new Diary('/dev/ttyTEST', 'amps', time.monotonic);
  const told = () => diary.snapshot(OUTBOX, time.now(), meter.status?.()).prices?.import;
  await until('the price', 20_000, () => meter.price() === 0.1);
  t.deepEqual(told(), {
    read: '2026-11-01T12:20:00.000Z',
    known_until: '2026-11-02T12:00:00.000Z',
    failures: 0,
  });
  source.price = undefined;
  await until('trouble', 20_000, async () => {
    await time.advance(HOUR);
    return (told()?.failures ?? 0) >= 2;
  });
  t.regex(told()?.error ?? '', /asking 127.* answered 503/);
  t.is(told()?.known_until, '2026-11-02T12:00:00.000Z');
  await time.advance(48 * HOUR);
  t.is(told()?.known_until, undefined, 'the fallback stands in');
  t.true(meter.pricing.at(time.now()).provisional);
  source.price = 0.2;
  await until('all is well', 20_000, async () => {
    await time.advance(HOUR);
    return told()?.error === undefined;
  });
});

test('a tariff without sources has none in the diagnostics, and prices without end are known as long as years have four digits', async (t) => {
  const { start } = household(t, temporaryFolder(t));
  const flat = tariffSchema.parse({
    name: 'flat',
    currency: 'EUR',
    zone: 'UTC',
    periods: [{ name: 'all', price: 1 }],
  });
  const diary = new Diary('/dev/ttyTEST', 'amps', () => 0);
  t.false('prices' in diary.snapshot(OUTBOX, NOW, (await start('flat', flat)).status?.()));
  const { prices } = diary.snapshot(OUTBOX, NOW, [
    { side: 'export', failures: 3, knownUntil: 8.64e15 },
    { side: 'import', failures: 0, knownUntil: NOW, problem: 'none yet' },
  ]);
  t.deepEqual(prices, {
    export: { known_until: '9999-12-31T00:00:00.000Z', failures: 3 },
    import: { failures: 0, error: 'none yet' },
  });
});
