import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { openPrices, type Prices, type PricesDeps } from '../../../../meter/tariff/dynamic/prices.ts';
import { tariffSchema } from '../../../../shared/settings/tariff.ts';
import { startHttp } from '../../../support/http-server.ts';
import { temporaryFolder, until } from '../../../support/system.ts';
import { virtualTime } from '../../../support/virtual-time.ts';

const NOW = Date.parse('2026-11-01T12:20:00Z');
const HOUR = 3_600_000;
const SECRET = 'abc-secret-token';

type Reply = (request: IncomingMessage, response: ServerResponse) => void;

/** A server whose answer is the test's, and what it was asked. */
async function startServer(t: ExecutionContext, reply: Reply) {
  const asked: { url: string; method: string; headers: IncomingMessage['headers']; body: string }[] = [];
  const answer = { reply };
  const { url } = await startHttp(t, async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    asked.push({ url: request.url ?? '', method: request.method ?? '', headers: request.headers, body });
    answer.reply(request, response);
  });
  return { url, asked, answer };
}

function tariffWith(dynamic: object) {
  const tariff = tariffSchema.parse({
    name: 'spot',
    currency: 'EUR',
    zone: 'Europe/Berlin',
    periods: [{ name: 'all', price: 0 }],
    dynamic: { fallback: 0.5, ...dynamic },
  });
  if (tariff.dynamic === undefined) throw new Error('not dynamic');
  return { ...tariff, dynamic: tariff.dynamic };
}

interface Running {
  prices: Prices;
  time: ReturnType<typeof virtualTime>;
  said: () => { level: number; msg: string }[];
  stop: () => Promise<void>;
}

function run(t: ExecutionContext, dynamic: object, folder: string, more: Partial<PricesDeps> = {}): Running {
  const lines: string[] = [];
  const time = virtualTime(NOW);
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const prices = openPrices(
    tariffWith(dynamic),
    { folder, meter: 'main' },
    { time, log, random: () => 0.5, ...more },
  );
  const stopping = new AbortController();
  const ran = prices.run(stopping.signal);
  const stop = async () => {
    stopping.abort();
    await ran;
  };
  t.teardown(stop);
  return { prices, time, said: () => lines.map((line) => JSON.parse(line)), stop };
}

const mapping = { list: 'prices', from: 'at', price: 'price' };
const hours = (price: number, from = NOW - 24 * HOUR, count = 48) => ({
  prices: Array.from({ length: count }, (_, index) => ({
    at: from + index * HOUR,
    price: price + index / 1000,
  })),
});
const json =
  (document: unknown): Reply =>
  (_request, response) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify(document));

/** Lets time pass until it is so: what waits for the network is waited for between the steps. */
async function pass(running: Running, step: number, what: string, look: () => boolean): Promise<void> {
  await until(what, 20_000, async () => {
    if (look()) return true;
    await running.time.advance(step);
    return look();
  });
}

test('prices come by HTTP with a token, and a start without a network has them again', async (t) => {
  const server = await startServer(t, json(hours(0.1)));
  const folder = temporaryFolder(t);
  const url = `${server.url}/prices?key=hush&from={from}&to={to}`;
  const dynamic = { import: { url, token: SECRET, shape: 'generic', mapping } };
  const first = run(t, dynamic, folder);
  await until('prices', 20_000, () => first.prices.book.at(NOW)?.price);
  t.is(first.prices.book.at(NOW)?.price, 0.124);
  t.is(server.asked[0]?.url, '/prices?key=hush&from=2026-10-30T12:00:00Z&to=2026-11-03T12:00:00Z');
  t.is(server.asked[0]?.headers.authorization, `Bearer ${SECRET}`);
  t.regex(server.asked[0]?.headers['user-agent'] ?? '', /^wattdog\//);
  await first.stop();

  server.answer.reply = (_request, response) => response.destroy();
  const second = run(t, dynamic, folder);
  t.is(second.prices.book.at(NOW)?.price, 0.124);
  await pass(second, HOUR, 'a few failures', () => (second.prices.status()[0]?.failures ?? 0) >= 3);
  t.is(second.said().length, 1, 'the same trouble is told of once');
  t.notRegex(JSON.stringify(second.said()), /hush|secret/);
  server.answer.reply = json(hours(0.2));
  await pass(second, HOUR, 'new prices', () => second.prices.book.at(NOW)?.price === 0.224);
  t.is(second.prices.status()[0]?.problem, undefined);
});

for (const [name, reply, words] of [
  [
    'a 429 is obeyed',
    (_, response) => response.writeHead(429, { 'retry-after': '3600' }).end(),
    /answered 429/,
  ],
  ['a 500', (_, response) => response.writeHead(500).end('oops'), /answered 500/],
  [
    'a redirect',
    (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    /answered 302/,
  ],
  ['a login page', (_, response) => response.end('<html>log in'), /must be JSON, got "<html>log in"/],
  ['an answer without end', (_, response) => response.write('{"prices": ['), /no full answer within 300 ms/],
  ['an answer too large', (_, response) => response.end(`[${'0,'.repeat(9_000_000)}0]`), /asking 127/],
  ['another document', json({ hello: 1 }), /prices must be a list of prices, got/],
] as [string, Reply, RegExp][])
  test(`trouble of a server: ${name}`, async (t) => {
    const server = await startServer(t, reply);
    const dynamic = { import: { url: server.url, shape: 'generic', mapping } };
    const deadline = name.includes('without end') ? { deadline: 300 } : {};
    const running = run(t, dynamic, temporaryFolder(t), deadline);
    await until('the trouble', 20_000, () => running.prices.status()[0]?.problem);
    t.regex(running.prices.status()[0]?.problem ?? '', words);
    t.is(running.prices.book.at(NOW), undefined);
    server.answer.reply = json(hours(0.3));
    if (name.includes('429')) {
      await running.time.advance(HOUR - 1000);
      t.is(server.asked.length, 1, 'nobody asks before');
    }
    await pass(running, 60_000, 'prices after all', () => running.prices.book.at(NOW) !== undefined);
  });

test('a document is not sent twice to who has its tag', async (t) => {
  const server = await startServer(t, (request, response) => {
    if (request.headers['if-none-match'] === '"v1"') response.writeHead(304).end();
    else response.setHeader('etag', '"v1"').end(JSON.stringify(hours(0.1)));
  });
  const running = run(t, { import: { url: server.url, shape: 'generic', mapping } }, temporaryFolder(t));
  await pass(running, HOUR, 'three questions', () => server.asked.length >= 3);
  t.deepEqual(
    server.asked.slice(0, 3).map(({ headers }) => headers['if-none-match']),
    [undefined, '"v1"', '"v1"'],
  );
  t.is(running.prices.status()[0]?.failures, 0);
});

test('{date} asks for each day: nobody asks again for a day that is over and known', async (t) => {
  const server = await startServer(t, (request, response) => {
    const date = new URL(request.url ?? '', 'http://x').searchParams.get('date') ?? '';
    if (date > '2026-11-02') {
      response.writeHead(204).end();
      return;
    }
    const start = Date.parse(`${date}T00:00+01:00`);
    const multiAreaEntries = Array.from({ length: 96 }, (_, index) => ({
      deliveryStart: new Date(start + index * 900_000).toISOString(),
      deliveryEnd: new Date(start + (index + 1) * 900_000).toISOString(),
      entryPerArea: { NO1: index },
    }));
    response.end(JSON.stringify({ currency: 'EUR', multiAreaEntries }));
  });
  const url = `${server.url}/api/DayAheadPrices?market=DayAhead&deliveryArea=NO1&currency=EUR&date={date}`;
  const running = run(t, { import: { url, shape: 'nordpool', area: 'NO1' } }, temporaryFolder(t));
  const dates = () => server.asked.map(({ url }) => url.slice(-10));
  await until('all days', 20_000, () => server.asked.length === 5);
  t.deepEqual(dates(), ['2026-10-30', '2026-10-31', '2026-11-01', '2026-11-02', '2026-11-03']);
  await until('quarter hours', 20_000, () => running.prices.book.at(NOW)?.price === 0.053);
  await pass(running, HOUR, 'the next round', () => server.asked.length >= 8);
  t.deepEqual(dates().slice(5, 8), ['2026-11-01', '2026-11-02', '2026-11-03']);
});

test('{year}, {month} and {day} ask for each day too, also in a body; {from_ms} and {to_ms} for all of it', async (t) => {
  const server = await startServer(t, json(hours(0.1)));
  const paths = run(
    t,
    { import: { url: `${server.url}/{year}/{month}-{day}_SE3.json`, shape: 'generic', mapping } },
    temporaryFolder(t),
  );
  await until('all days', 20_000, () => server.asked.length === 5);
  await paths.stop();
  t.is(server.asked[1]?.url, '/2026/10-31_SE3.json');

  server.asked.length = 0;
  const body = 'query { prices(day: "{date}") { at price } }';
  const bodies = run(
    t,
    { import: { url: `${server.url}/?a={from_ms}&b={to_ms}`, body, shape: 'generic', mapping } },
    temporaryFolder(t),
  );
  await until('all days', 20_000, () => server.asked.length === 5);
  await bodies.stop();
  const day = Date.parse('2026-10-31T00:00+01:00');
  t.is(server.asked[1]?.url, `/?a=${day}&b=${day + 24 * HOUR}`);
  t.is(JSON.parse(server.asked[1]?.body ?? '').query, 'query { prices(day: "2026-10-31") { at price } }');
});

test('octopus: page after page, on the same host only', async (t) => {
  const server = await startServer(t, (request, response) => {
    const page = Number(new URL(request.url ?? '', 'http://x').searchParams.get('page') ?? 1);
    const from = NOW - page * HOUR;
    const results = [
      {
        value_inc_vat: page,
        valid_from: new Date(from).toISOString(),
        valid_to: new Date(from + HOUR).toISOString(),
      },
    ];
    const host = page < 3 ? `https://${request.headers.host}` : 'https://elsewhere.invalid';
    response.end(JSON.stringify({ results, next: `${host}/rates/?page=${page + 1}` }));
  });
  const running = run(t, { import: { url: `${server.url}/rates/`, shape: 'octopus' } }, temporaryFolder(t));
  await until('the third page', 20_000, () => running.prices.book.at(NOW - 2.5 * HOUR));
  t.is(running.prices.book.at(NOW - 2.5 * HOUR)?.price, 0.03);
  t.is(server.asked.length, 3);
  t.is(running.prices.status()[0]?.problem, undefined);
});

test('tibber: a query by POST, without a word in the settings', async (t) => {
  const today = [{ total: 0.3, startsAt: '2026-11-01T13:00:00.000+01:00', currency: 'EUR' }];
  const homes = [{ id: 'a', currentSubscription: { priceInfo: { today, tomorrow: [] } } }];
  const server = await startServer(t, json({ data: { viewer: { homes } } }));
  const running = run(t, { import: { url: server.url, token: SECRET, shape: 'tibber' } }, temporaryFolder(t));
  await until('a price', 20_000, () => running.prices.book.at(NOW));
  const [{ method, body, headers } = { method: '', body: '{}', headers: {} }] = server.asked;
  t.is(method, 'POST');
  t.is(headers['content-type'], 'application/json');
  t.regex(JSON.parse(body).query, /priceInfo.*today.*tomorrow/);
});

test('a file is read when it appears, changes, and comes back after damage', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'prices.json');
  const running = run(t, { import: { file, shape: 'generic', mapping } }, join(folder, 'data'));
  const price = () => running.prices.book.at(NOW)?.price;
  await until('that it is missed', 20_000, () => running.prices.status()[0]?.problem?.includes('ENOENT'));
  writeFileSync(file, JSON.stringify(hours(0.1)));
  await pass(running, 10_000, 'its prices', () => price() === 0.124);
  writeFileSync(file, JSON.stringify(hours(0.25)));
  await pass(running, 10_000, 'its new prices', () => price() === 0.274);
  writeFileSync(file, '{"prices": [');
  await pass(running, 10_000, 'that it is damaged', () => running.prices.status()[0]?.problem !== undefined);
  t.is(price(), 0.274, 'what was known stays known');
  rmSync(file);
  await pass(
    running,
    10_000,
    'that it is gone',
    () => running.prices.status()[0]?.problem?.includes('ENOENT') === true,
  );
  writeFileSync(file, JSON.stringify(hours(0.35)));
  await pass(running, 10_000, 'that it is back', () => price() === 0.374);
  t.is(running.prices.status()[0]?.problem, undefined);
});

test('import and export have sources of their own', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'buy.json'), JSON.stringify(hours(0.1)));
  writeFileSync(join(folder, 'sell.json'), JSON.stringify(hours(0.01)));
  const side = (name: string) => ({ file: join(folder, name), shape: 'generic', mapping });
  const running = run(t, { import: side('buy.json'), export: side('sell.json') }, join(folder, 'data'));
  await until(
    'both',
    20_000,
    () => running.prices.book.at(NOW)?.exportPrice && running.prices.book.at(NOW)?.price,
  );
  t.like(running.prices.book.at(NOW), { price: 0.124, exportPrice: 0.034 });
});

test('a damaged cache is set aside, and one of another source is not believed', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'prices.json');
  writeFileSync(file, JSON.stringify(hours(0.1)));
  const dynamic = { import: { file, shape: 'generic', mapping } };
  const first = run(t, dynamic, folder);
  await until('prices', 20_000, () => first.prices.book.at(NOW));
  await first.stop();
  const cache = join(folder, 'prices-main.json');
  t.is(run(t, { import: { ...dynamic.import, multiply: 2 } }, folder).prices.book.at(NOW), undefined);
  t.is(run(t, { import: { ...dynamic.import, add: 1 } }, folder).prices.book.at(NOW)?.price, 0.124);
  for (const damage of [readFileSync(cache, 'utf8').slice(0, -20), '', '{"version":1,"import":[]}', '[]']) {
    writeFileSync(cache, damage);
    const damaged = run(t, { import: { ...dynamic.import, file: join(folder, 'none.json') } }, folder);
    t.is(damaged.prices.book.at(NOW), undefined);
    t.regex(JSON.stringify(damaged.said()), /is damaged.*set aside as .*corrupt/);
    t.false(readdirSync(folder).includes('prices-main.json'));
  }
});

test('a folder that takes no file costs the cache alone', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'prices.json');
  writeFileSync(file, JSON.stringify(hours(0.1)));
  // A folder is in the way of the file, which not even root can write then.
  mkdirSync(join(folder, 'prices-main.json.new'));
  chmodSync(folder, 0o755);
  const running = run(t, { import: { file, shape: 'generic', mapping } }, folder);
  await until('prices', 20_000, () => running.prices.book.at(NOW));
  t.regex(JSON.stringify(running.said()), /writing .*prices-main.json.*going on without it/);
});
