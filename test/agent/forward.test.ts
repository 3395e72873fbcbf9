import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { Forwarder } from '../../agent/forward.ts';
import { Journal } from '../../agent/journal/journal.ts';
import { openStore } from '../../agent/stores/store.ts';
import { systemTime, type Time } from '../../shared/time.ts';
import { realTest } from '../support/real.ts';
import { arrivals, startVictoriaMetrics } from '../support/stores.ts';
import { freePort, temporaryFolder, until } from '../support/system.ts';

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
  batch?: number;
  timeout?: number;
  settleMs?: number;
  time?: Time;
}

/** A forwarder at work on a store at `url`; every pause is kept, and cut short. */
function start(t: ExecutionContext, journal: Journal, url: string, options: Options = {}) {
  const { name = 'store', batch = 5000, timeout = 10_000, settleMs = 60_000 } = options;
  const store = openStore({ kind: 'victoriametrics', name, url, layout: 'default', timeout, batch });
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
    random: () => 0.5,
  });
  const stopping = new AbortController();
  const running = forwarder.run(stopping.signal);
  const stop = async () => {
    stopping.abort();
    await running;
    await store.close();
  };
  t.teardown(stop);
  const caughtUp = () => until('the store to have everything', 30_000, () => forwarder.status().lag === 0);
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
  const { forwarder, caughtUp, lines } = start(t, openJournal(t, 1000), store.url);
  await caughtUp();
  t.is(store.points.size, 1998);
  t.like(forwarder.status(), { written: 999, rejected: 1, retries: 0 });
  t.is(lines.length, 1);
  t.like(lines[0], { level: 40, store: 'store', meter: 'main', seq: 617 });
  t.is(lines[0]?.reason, 'answered 400: unable to parse it');
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

test('a journal whose disk is full is told of and tried again, and ends nothing', async (t) => {
  const store = await scriptedStore(t);
  const journal = openJournal(t, 100);
  const save = journal.saveCursor.bind(journal);
  let full = true;
  journal.saveCursor = (name, id) => {
    if (full) throw new Error('database or disk is full');
    save(name, id);
  };
  const { forwarder } = start(t, journal, store.url, { settleMs: 50 });
  await until('the failure to show', 10_000, () => /disk is full/.test(forwarder.status().lastError ?? ''));
  full = false;
  journal.append(arrivals(1, 101));
  await until('the cursor to settle', 10_000, () => journal.cursor('store') === 101);
  t.is(store.points.size, 202);
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

test('a dead store stalls no other', async (t) => {
  const [dead, live] = [await scriptedStore(t), await scriptedStore(t)];
  dead.always = () => {};
  const journal = openJournal(t, 100);
  const stalled = start(t, journal, dead.url, { name: 'dead' });
  const other = start(t, journal, live.url, { name: 'live' });
  await other.caughtUp();
  t.is(live.points.size, 200);
  t.is(stalled.forwarder.status().lag, 100);
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
