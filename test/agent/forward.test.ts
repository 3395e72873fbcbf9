import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { pino } from 'pino';
import { Forwarder } from '../../agent/forward.ts';
import { Journal } from '../../agent/journal/journal.ts';
import { openStore, type Store } from '../../agent/stores/store.ts';
import { RetryError } from '../../shared/errors.ts';
import { systemTime, type Time } from '../../shared/time.ts';
import { realTest } from '../support/real.ts';
import { arrivals, openLossyLink, startInfluxDB, startVictoriaMetrics } from '../support/stores.ts';
import { freePort, silentLog, temporaryFolder, until } from '../support/system.ts';

/** Takes the place of the store's own answer to one write. */
type Script = (response: ServerResponse, lines: string[], request: IncomingMessage) => void;

/** An HTTP store in memory. It answers 204 and keeps the lines, unless a script says otherwise. */
class ScriptedStore {
  /** For the next writes, one each. */
  readonly once: Script[] = [];
  /** For every write, while set. */
  always: Script | undefined;
  /** Lines by series and time, as a store keeps them: equal ones overwrite. */
  readonly points = new Map<string, string>();
  /** The number of lines of each write that arrived. */
  readonly writes: number[] = [];
  readonly #server: Server;
  #port = 0;

  constructor() {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      if (request.url !== '/write?precision=ms') {
        response.end();
        return;
      }
      const lines = gunzipSync(Buffer.concat(chunks)).toString().trimEnd().split('\n');
      this.writes.push(lines.length);
      const script = this.once.shift() ?? this.always;
      if (script) script(response, lines, request);
      else this.accept(response, lines);
    });
    this.#server.keepAliveTimeout = 60_000;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async listen(port: number): Promise<void> {
    this.#port = port;
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address !== null && typeof address !== 'string') this.#port = address.port;
  }

  /** As kill -9: every connection breaks at once. */
  async kill(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  keep(lines: string[]): void {
    for (const line of lines) {
      const [series, , time] = line.split(' ');
      this.points.set(`${series} ${time}`, line);
    }
  }

  accept(response: ServerResponse, lines: string[]): void {
    this.keep(lines);
    response.writeHead(204).end();
  }
}

async function scriptedStore(t: ExecutionContext, port = 0): Promise<ScriptedStore> {
  const store = new ScriptedStore();
  t.teardown(() => store.kill());
  await store.listen(port);
  return store;
}

const answer =
  (status: number, body = '', headers: Record<string, string> = {}): Script =>
  (response) => {
    response.writeHead(status, headers).end(body);
  };

function openJournal(t: ExecutionContext, count: number): Journal {
  const journal = new Journal(join(temporaryFolder(t), 'journal.db'));
  t.teardown(() => journal.close());
  journal.append(arrivals(count));
  return journal;
}

interface Options {
  name?: string;
  /** Of InfluxDB 1.x; without it the store is VictoriaMetrics. */
  database?: string;
  batch?: number;
  timeout?: number;
  settleMs?: number;
  time?: Time;
  random?: () => number;
}

/** A forwarder at work on a store at `url`; every pause is kept, and cut short. */
function start(t: ExecutionContext, journal: Journal, url: string, options: Options = {}) {
  const { name = 'store', batch = 5000, timeout = 10_000, settleMs = 60_000, database } = options;
  const settings = { name, url, layout: 'default', timeout, batch } as const;
  const store = openStore(
    database === undefined
      ? { ...settings, kind: 'victoriametrics' }
      : { ...settings, kind: 'influxdb1', database },
  );
  const pauses: number[] = [];
  const lines: Record<string, unknown>[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const impatient: Time = {
    ...systemTime,
    sleep(ms, signal) {
      pauses.push(ms);
      return systemTime.sleep(Math.min(ms, 10), signal);
    },
  };
  const forwarder = new Forwarder({
    journal,
    store,
    time: options.time ?? impatient,
    log,
    batch,
    settleMs,
    random: options.random ?? (() => 0.5),
  });
  const stopping = new AbortController();
  const running = forwarder.run(stopping.signal);
  const stop = async () => {
    stopping.abort();
    await running;
    await store.close();
  };
  t.teardown(stop);
  const caughtUp = () => until('the store to have everything', 60_000, () => forwarder.status().lag === 0);
  return { forwarder, pauses, lines, stop, caughtUp };
}

test('the journal goes to the store in batches, and what comes later follows', async (t) => {
  const store = await scriptedStore(t);
  const journal = openJournal(t, 250);
  const { forwarder, caughtUp, lines } = start(t, journal, store.url, { batch: 100 });
  await caughtUp();
  t.deepEqual(store.writes, [200, 200, 100], 'two lines a reading');
  journal.append(arrivals(5, 251));
  await until('the new readings', 10_000, () => store.points.size === 510);
  await until('their acknowledgement', 10_000, () => forwarder.status().written === 255);
  const { lastSuccess = 0, ...status } = forwarder.status();
  t.deepEqual(status, { name: 'store', written: 255, rejected: 0, retries: 0, lag: 0 });
  t.true(Math.abs(Date.now() - lastSuccess) < 60_000);
  t.deepEqual(lines, []);
});

test('a store that is away gets everything on its return, and costs two log lines', async (t) => {
  const port = await freePort();
  const journal = openJournal(t, 100);
  const { forwarder, lines, caughtUp, pauses } = start(t, journal, `http://127.0.0.1:${port}`);
  await until('some attempts', 10_000, () => forwarder.status().retries >= 8);
  const { downSince, lastError, lag } = forwarder.status();
  t.true(downSince !== undefined && lag === 100);
  t.regex(lastError ?? '', /ECONNREFUSED/);
  t.true(Math.max(...pauses) <= 1000, 'its return is noticed within a second');
  const store = await scriptedStore(t, port);
  await caughtUp();
  t.is(store.points.size, 200);
  await until('the second line', 10_000, () => lines.length === 2);
  t.like(lines[0], { level: 40, store: 'store' });
  t.regex(String(lines[0]?.reason), /ECONNREFUSED/);
  t.like(lines[1], { level: 30, store: 'store', sent: 100 });
  t.is(forwarder.status().downSince, undefined);
});

const troubles: Record<string, Script> = {
  'resets the connection before it answers': (_response, _lines, request) => {
    request.socket.resetAndDestroy();
  },
  'resets the connection in the middle of its answer': (response) => {
    response.writeHead(200, { 'content-length': 100 }).write('half', () => response.socket?.destroy());
  },
  'never answers': () => {},
  'answers 500': answer(500, 'no'),
  'answers 503': answer(503),
};
for (const [trouble, script] of Object.entries(troubles))
  test(`a store that ${trouble} is given the same again`, async (t) => {
    const store = await scriptedStore(t);
    store.once.push(script, script);
    const { forwarder, caughtUp } = start(t, openJournal(t, 50), store.url, {
      timeout: trouble === 'never answers' ? 200 : 10_000,
    });
    await caughtUp();
    t.is(store.points.size, 100);
    t.like(forwarder.status(), { written: 50, rejected: 0 });
    t.true(forwarder.status().retries >= 2);
  });

test('a slow store is waited for', async (t) => {
  const store = await scriptedStore(t);
  store.once.push((response, lines) => void setTimeout(() => store.accept(response, lines), 300));
  const { forwarder, caughtUp } = start(t, openJournal(t, 50), store.url);
  await caughtUp();
  t.deepEqual(store.writes, [100]);
  t.is(forwarder.status().retries, 0);
});

for (const [status, body] of [
  [401, 'authorization failed'],
  [403, 'forbidden'],
  [404, '404 page not found'],
  [429, 'slow down'],
] as const)
  test(`${status} pauses as long as the store asks, and drops nothing`, async (t) => {
    const store = await scriptedStore(t);
    store.once.push(answer(status, body, { 'retry-after': '7' }), answer(status, body));
    const { forwarder, caughtUp, pauses } = start(t, openJournal(t, 50), store.url);
    await caughtUp();
    t.deepEqual(pauses.slice(0, 2), [7000, 10_000]);
    t.is(store.points.size, 100);
    t.like(forwarder.status(), { written: 50, rejected: 0, retries: 2 });
    t.regex(forwarder.status().lastError ?? '', new RegExp(`answered ${status}: ${body}`));
  });

test('413: what is too large is split, and later writes stay below', async (t) => {
  const store = await scriptedStore(t);
  store.always = (response, lines) => {
    if (lines.length > 60) answer(413)(response, lines, response.req);
    else store.accept(response, lines);
  };
  const journal = openJournal(t, 100);
  const { forwarder, caughtUp } = start(t, journal, store.url);
  await caughtUp();
  t.is(store.points.size, 200);
  const splitting = store.writes.length;
  journal.append(arrivals(100, 101));
  await until('the rest', 10_000, () => store.points.size === 400);
  t.true(store.writes.slice(splitting).every((count) => count <= 60));
  t.like(forwarder.status(), { rejected: 0, retries: 0 });
});

/** Refuses any request with the reading of `seq` in it, as stores do that judge a request as a whole. */
const refusing =
  (store: ScriptedStore, seq: number): Script =>
  (response, lines, request) => {
    const bad = lines.some((line) => line.includes(` power_watts=${seq},`));
    if (bad) answer(400, '{"error":"unable to parse it"}')(response, lines, request);
    else store.accept(response, lines);
  };

test('400: the one bad reading of a thousand is found, named and left out', async (t) => {
  const store = await scriptedStore(t);
  store.always = refusing(store, 617);
  const journal = openJournal(t, 1000);
  const { forwarder, caughtUp, lines } = start(t, journal, store.url);
  await caughtUp();
  t.is(store.points.size, 1998);
  t.like(forwarder.status(), { written: 999, rejected: 1, retries: 0 });
  t.is(lines.length, 1);
  t.like(lines[0], { level: 40, store: 'store', meter: 'main', seq: 617 });
  t.is(lines[0]?.reason, 'answered 400: unable to parse it');
  t.like(journal.deadLetters(10), [{ store: 'store', id: 617, reason: lines[0]?.reason }]);
  t.true(store.writes.length <= 23, `${store.writes.length} requests`);
});

test('a store that breaks while the bad reading is sought is given all again, and it counts once', async (t) => {
  const store = await scriptedStore(t);
  const script = refusing(store, 17);
  let count = 0;
  store.always = (response, lines, request) => {
    count += 1;
    if (count === 5 || count === 6) request.socket.destroy();
    else script(response, lines, request);
  };
  const { forwarder, caughtUp, lines } = start(t, openJournal(t, 100), store.url);
  await caughtUp();
  t.is(store.points.size, 198);
  t.like(forwarder.status(), { written: 99, rejected: 1 });
  t.is(lines.filter(({ seq }) => seq === 17).length, 1);
});

test('a write of which the store dropped every point is not halved', async (t) => {
  const store = await scriptedStore(t);
  store.once.push(answer(422, '{"error":"partial write: beyond retention policy dropped=200"}'));
  const journal = openJournal(t, 100);
  const { forwarder, caughtUp, lines } = start(t, journal, store.url);
  await caughtUp();
  t.deepEqual(store.writes, [200]);
  t.like(forwarder.status(), { written: 0, rejected: 100 });
  t.is(lines.length, 6, 'five are named, the others counted');
});

test('a store that refuses everything, such as one at a wrong path, costs no reading', async (t) => {
  const store = await scriptedStore(t);
  store.always = answer(400, 'unsupported path requested');
  const { forwarder, caughtUp, pauses } = start(t, openJournal(t, 1000), store.url);
  await until('a few attempts', 10_000, () => forwarder.status().retries >= 3);
  t.like(forwarder.status(), { written: 0, rejected: 0, lag: 1000 });
  t.regex(forwarder.status().lastError ?? '', /even a single one was refused: .*unsupported path/);
  t.true(store.writes.length <= 8, 'two requests an attempt');
  t.is(pauses[0], 10_000);
  store.always = undefined;
  await caughtUp();
  t.is(store.points.size, 2000);
});

test('a store that dies after its 204 and forgets gets all of it again', async (t) => {
  const store = await scriptedStore(t);
  const { forwarder, caughtUp } = start(t, openJournal(t, 100), store.url);
  await caughtUp();
  await until('the acknowledgement', 10_000, () => forwarder.status().written === 100);
  const port = Number(new URL(store.url).port);
  await store.kill();
  const reborn = await scriptedStore(t, port);
  await until('all points', 10_000, () => reborn.points.size === 200);
  await until('the acknowledgement', 10_000, () => forwarder.status().lag === 0);
  t.is(forwarder.status().written, 100, 'sent twice, counted once');
});

test('a store that comes back unseen between two pings gets all of it again', async (t) => {
  const store = await scriptedStore(t);
  const journal = openJournal(t, 100);
  // A real three seconds between pings, so that the store is never seen to be away.
  const { forwarder, caughtUp } = start(t, journal, store.url, { time: systemTime });
  await caughtUp();
  await until('the acknowledgement', 10_000, () => forwarder.status().written === 100);
  const port = Number(new URL(store.url).port);
  await store.kill();
  const reborn = await scriptedStore(t, port);
  journal.append(arrivals(1, 101));
  await until('all points', 10_000, () => reborn.points.size === 202);
  t.pass();
});

test('what has aged settles while nothing new comes, and not before', async (t) => {
  const store = await scriptedStore(t);
  const journal = openJournal(t, 100);
  const before = performance.now();
  const { caughtUp } = start(t, journal, store.url, { settleMs: 300 });
  await caughtUp();
  await until('the cursor to settle', 10_000, () => journal.cursor('store') === 100);
  t.true(performance.now() - before >= 300);
  t.deepEqual(store.writes, [200], 'an idle connection is kept and makes nothing doubtful');
});

test('what has not settled at a shutdown is sent again by the next run', async (t) => {
  const store = await scriptedStore(t);
  const journal = openJournal(t, 100);
  const first = start(t, journal, store.url);
  await first.caughtUp();
  await first.stop();
  t.is(journal.cursor('store'), 0);
  const second = start(t, journal, store.url);
  await until('the second round', 10_000, () => store.writes.length === 2);
  await second.caughtUp();
  t.is(store.points.size, 200);
});

test('a full disk keeps the cursor from being saved, not the readings from the store', async (t) => {
  const store = await scriptedStore(t);
  const journal = openJournal(t, 100);
  const save = journal.saveCursor.bind(journal);
  let full = true;
  journal.saveCursor = (name, id) => {
    if (full) throw new Error('database or disk is full');
    save(name, id);
  };
  const { forwarder, lines } = start(t, journal, store.url, { settleMs: 50 });
  for (let seq = 101; !/disk is full/.test(forwarder.status().lastError ?? ''); seq += 1) {
    journal.append(arrivals(1, seq));
    await until('the next reading', 10_000, () => forwarder.status().lag === 0);
  }
  journal.append(arrivals(1, 100_000));
  await until('the last reading', 10_000, () => forwarder.status().lag === 0);
  t.is(forwarder.status().retries, 0);
  t.is(store.points.size, 2 * journal.lastId());
  t.is(journal.cursor('store'), 0);
  full = false;
  await until('the cursor to settle', 10_000, () => journal.cursor('store') === journal.lastId());
  t.is(lines.length, 1, 'told once');
  t.like(lines[0], { level: 40, store: 'store', reason: 'database or disk is full' });
});

test('a refused reading that cannot be buried is not passed over', async (t) => {
  const store = await scriptedStore(t);
  store.always = refusing(store, 7);
  const journal = openJournal(t, 10);
  const bury = journal.bury.bind(journal);
  let full = true;
  journal.bury = (name, letters) => {
    if (full) throw new Error('database or disk is full');
    bury(name, letters);
  };
  const { forwarder, caughtUp, lines } = start(t, journal, store.url, { settleMs: 50 });
  await until('the failure to show', 10_000, () => /disk is full/.test(forwarder.status().lastError ?? ''));
  t.like(forwarder.status(), { lag: 10, rejected: 0 });
  full = false;
  await caughtUp();
  t.deepEqual(
    journal.deadLetters(10).map(({ store, id, meter, reason }) => ({ store, id, meter, reason })),
    [{ store: 'store', id: 7, meter: 'main', reason: 'answered 400: unable to parse it' }],
  );
  t.like(forwarder.status(), { written: 9, rejected: 1 });
  t.is(lines.filter(({ seq }) => seq === 7).length, 1);
});

test('a journal that cannot be read at the start is waited for', async (t) => {
  const store = await scriptedStore(t);
  const journal = openJournal(t, 10);
  const cursor = journal.cursor.bind(journal);
  let failing = true;
  journal.cursor = (name) => {
    if (failing) throw new Error('disk I/O error');
    return cursor(name);
  };
  const { forwarder, caughtUp } = start(t, journal, store.url);
  await until('the failure to show', 10_000, () => /disk I\/O/.test(forwarder.status().lastError ?? ''));
  failing = false;
  await until('its readings', 10_000, () => store.points.size === 20);
  await caughtUp();
  t.pass();
});

test('live readings never wait behind a backlog', async (t) => {
  const store = await scriptedStore(t);
  const journal = openJournal(t, 1000);
  const seqsOf = (lines: string[]) =>
    lines.flatMap((line) => [...line.matchAll(/ power_watts=(\d+)/g)].map(([, seq]) => Number(seq)));
  const requests: number[][] = [];
  let live = 1000;
  store.always = (response, lines) => {
    requests.push(seqsOf(lines));
    if (live < 1005) {
      live += 1;
      journal.append(arrivals(1, live));
    }
    store.accept(response, lines);
  };
  const { caughtUp } = start(t, journal, store.url, { batch: 100 });
  await caughtUp();
  await until('all points', 10_000, () => store.points.size === 2 * 1005);
  const firsts = requests.slice(0, 10).map(([first]) => first);
  t.deepEqual(firsts, [901, 1, 1001, 101, 1003, 201, 1005, 301, 401, 501]);
  t.deepEqual(
    requests.flat().sort((a, b) => a - b),
    Array.from({ length: 1005 }, (_, index) => index + 1),
    'each is sent once',
  );
});

for (const [what, script] of [
  ['a page of somebody else', answer(200, '<html><title>Sign in</title></html>')],
  ['a broken gateway’s page', answer(502, '<html>Bad Gateway</html>')],
  ['broken JSON', answer(500, '{"error":')],
] as const)
  test(`an answer that is ${what} costs no reading`, async (t) => {
    const store = await scriptedStore(t);
    store.once.push(script, script);
    const { forwarder, caughtUp } = start(t, openJournal(t, 50), store.url);
    await caughtUp();
    t.is(store.points.size, 100);
    t.like(forwarder.status(), { written: 50, rejected: 0, retries: 2 });
  });

test('429 with a date pauses until then', async (t) => {
  const store = await scriptedStore(t);
  const date = new Date(Date.now() + 30_000).toUTCString();
  store.once.push(answer(429, '', { 'retry-after': date }));
  const { caughtUp, pauses } = start(t, openJournal(t, 50), store.url);
  await caughtUp();
  t.true((pauses[0] ?? 0) > 10_000 && (pauses[0] ?? 0) <= 30_000, `${pauses[0]}`);
});

test('a store that returns is fed within a second, at the longest pause there is', async (t) => {
  const seconds: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const port = await freePort();
    const { forwarder, stop } = start(t, openJournal(t, 5000), `http://127.0.0.1:${port}`, {
      time: systemTime,
      random: () => 0.999,
    });
    await until('the longest pause', 30_000, () => forwarder.status().retries >= 5);
    const returned = performance.now();
    const store = await scriptedStore(t, port);
    await until('its first readings', 10_000, () => store.points.size > 0);
    seconds.push((performance.now() - returned) / 1000);
    await stop();
  }
  // The machine may be busy, but hardly each time.
  t.true(Math.min(...seconds) < 1, seconds.join());
});

test('a store behind a link that swallowed a request is fed soon after the link is back', async (t) => {
  const store = await scriptedStore(t);
  const link = await openLossyLink(t, Number(new URL(store.url).port));
  const journal = openJournal(t, 10);
  const { forwarder, caughtUp } = start(t, journal, link.url, { time: systemTime, timeout: 60_000 });
  await caughtUp();
  link.swallow(true);
  journal.append(arrivals(10, 11));
  await until('the request to be lost', 10_000, () => link.swallowed >= 4);
  t.is(forwarder.status().lag, 10);
  const returned = performance.now();
  link.swallow(false);
  await until('the readings', 60_000, () => store.points.size === 40);
  const seconds = (performance.now() - returned) / 1000;
  t.true(seconds < 20, `${seconds} s, and not the minute of the request’s timeout`);
  t.is(forwarder.status().retries, 1);
});

test('a server that closes after each answer is not fed the same for ever', async (t) => {
  const store = await scriptedStore(t);
  store.always = (response, lines) => {
    store.keep(lines);
    response.writeHead(204, { connection: 'close' }).end();
  };
  const journal = openJournal(t, 100);
  const { caughtUp } = start(t, journal, store.url, { batch: 10, settleMs: 200 });
  await caughtUp();
  await until('the cursor to settle', 10_000, () => journal.cursor('store') === 100);
  t.deepEqual(store.writes, Array(10).fill(20));
});

test('dead stores stall no other', async (t) => {
  const [mute, broken, fine] = [await scriptedStore(t), await scriptedStore(t), await scriptedStore(t)];
  mute.always = () => {};
  broken.always = answer(500);
  const journal = openJournal(t, 100);
  const stalled = [
    start(t, journal, mute.url, { name: 'mute' }),
    start(t, journal, broken.url, { name: 'broken' }),
  ];
  const other = start(t, journal, fine.url, { name: 'fine' });
  await other.caughtUp();
  journal.append(arrivals(100, 101));
  await other.caughtUp();
  t.is(fine.points.size, 400);
  t.is(other.forwarder.status().retries, 0);
  t.deepEqual(
    stalled.map(({ forwarder }) => forwarder.status().lag),
    [200, 200],
  );
});

test('whatever happens to store and agent, all is stored, and the saved cursor passes nothing that may be lost', async (t) => {
  const SETTLE_MS = 1000;
  const step = fc.record({
    ms: fc.integer({ min: 0, max: 400 }),
    grown: fc.integer({ min: 0, max: 25 }),
    what: fc.constantFrom(
      ...Array(4).fill('stored'),
      'failed',
      'unanswered',
      'died',
      'reborn',
      'agent stopped',
    ),
  });
  const live = async (steps: { ms: number; grown: number; what: string }[]) => {
    const journal = openJournal(t, 40);
    const stops = { agent: () => {} };
    let now = 0;
    /** What the store has, by number, and since when. */
    const held = new Map<number, number>();
    let signs = 0;
    const store: Store = {
      name: 'store',
      get signs() {
        return signs;
      },
      async encode(slices) {
        const seqs = [...slices].flat().map(({ reading }) => reading.seq);
        return { readings: seqs.length, lines: seqs.length, gzipped: Buffer.from(JSON.stringify(seqs)) };
      },
      async write({ gzipped }) {
        const { ms, grown, what } = steps.shift() ?? { ms: 50, grown: 0, what: 'stored' };
        if (what === 'died' || what === 'reborn') {
          signs += 1;
          for (const [seq, since] of held) if (now - since < SETTLE_MS) held.delete(seq);
        }
        now += what === 'reborn' ? 10 * ms : ms;
        if (grown > 0) journal.append(arrivals(grown, journal.lastId() + 1));
        const taken = ['stored', 'unanswered', 'reborn'].includes(what);
        if (taken) for (const seq of JSON.parse(String(gzipped)) as number[]) held.set(seq, now);
        if (what === 'agent stopped') stops.agent();
        if (what === 'stored' || what === 'reborn') return { kind: 'stored' };
        signs += 1;
        throw new RetryError(what);
      },
      async ping() {},
      async close() {},
    };
    const time: Time = {
      now: () => now,
      monotonic: () => now,
      async sleep(ms, signal) {
        await setImmediate();
        signal.throwIfAborted();
        now += ms;
      },
    };
    const save = journal.saveCursor.bind(journal);
    const passed: number[] = [];
    journal.saveCursor = (name, id) => {
      for (let seq = 1; seq <= id; seq += 1) if (now - (held.get(seq) ?? now) < SETTLE_MS) passed.push(seq);
      save(name, id);
    };
    for (let stopped = true; stopped; ) {
      stopped = false;
      const stopping = new AbortController();
      stops.agent = () => {
        stopped = true;
        stopping.abort();
      };
      const deps = {
        journal,
        store,
        time,
        log: silentLog,
        batch: 10,
        settleMs: SETTLE_MS,
        random: () => 0.5,
      };
      const forwarder = new Forwarder(deps);
      const running = forwarder.run(stopping.signal);
      const isDone = () => journal.cursor('store') === journal.lastId();
      while (!stopped && (steps.length > 0 || !isDone())) {
        if (isDone()) journal.append(arrivals(1, journal.lastId() + 1));
        await setImmediate();
      }
      stopping.abort();
      await running;
    }
    t.deepEqual(passed, []);
    t.is(held.size, journal.lastId());
  };
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), live), { numRuns: 30 });
});

realTest('victoria-metrics')(
  'VictoriaMetrics killed right after its 204 has everything once it is back',
  async (t) => {
    const victoriaMetrics = await startVictoriaMetrics(t);
    const journal = openJournal(t, 5000);
    const { forwarder, caughtUp } = start(t, journal, victoriaMetrics.url, { time: systemTime });
    await caughtUp();
    await until('the acknowledgement', 10_000, () => forwarder.status().written === 5000);
    await victoriaMetrics.restart();
    await until('all samples', 30_000, async () => {
      const [power] = await victoriaMetrics.samples('electricity_power_watts');
      return power?.samples.length === 5000;
    });
    t.is(forwarder.status().written, 5000);
    t.is(journal.cursor('store'), 0, 'none of it has settled yet');
  },
);

realTest('influxd')('InfluxDB refuses one of a thousand: it is buried, the rest is stored', async (t) => {
  const influx = await startInfluxDB(t);
  await influx.query('CREATE DATABASE home');
  await influx.query('CREATE RETENTION POLICY short ON home DURATION 30d REPLICATION 1 DEFAULT');
  const journal = openJournal(t, 0);
  const recent = arrivals(1000);
  for (const [index, { reading }] of recent.entries())
    reading.time = new Date(Date.now() - (index === 616 ? 40 * 86_400_000 : index * 1000)).toISOString();
  journal.append(recent);
  const { forwarder, caughtUp } = start(t, journal, influx.url, { database: 'home' });
  await caughtUp();
  t.like(forwarder.status(), { written: 999, rejected: 1 });
  const [letter, ...more] = journal.deadLetters(10);
  t.deepEqual(more, []);
  t.is(letter?.id, 617);
  t.regex(letter?.reason ?? '', /beyond retention policy/);
  const [count] = await influx.query('SELECT count(power_watts) FROM electricity', 'home');
  t.is(count?.values[0]?.[1], 999);
});

for (const [program, database] of [
  ['victoria-metrics', undefined],
  ['influxd', 'home'],
] as const)
  realTest(program)(`${program} frozen in the middle of it all is fed again when it continues`, async (t) => {
    const store = database === undefined ? await startVictoriaMetrics(t) : await startInfluxDB(t);
    const journal = openJournal(t, 100);
    const { forwarder, caughtUp } = start(t, journal, store.url, {
      time: systemTime,
      timeout: 60_000,
      ...(database !== undefined && { database }),
    });
    await caughtUp();
    process.kill(store.pid, 'SIGSTOP');
    t.teardown(() => process.kill(store.pid, 'SIGCONT'));
    journal.append(arrivals(100, 101));
    await new Promise((resolve) => setTimeout(resolve, 2500));
    t.is(forwarder.status().lag, 100);
    const continued = performance.now();
    process.kill(store.pid, 'SIGCONT');
    await caughtUp();
    const seconds = (performance.now() - continued) / 1000;
    t.true(seconds < 20, `${seconds} s, and not what is left of the request’s timeout`);
  });
