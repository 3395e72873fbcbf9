import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import type { LiveEvent } from '../../../agent/doors/queries.ts';
import { testReading } from '../../support/readings.ts';
import { realTest } from '../../support/real.ts';
import { freePort, until } from '../../support/system.ts';
import { testMeter, testSum } from '../../support/views.ts';
import { runWattdog, startUp, terminal, wattdog } from '../support.ts';

const began = Date.parse('2026-11-22T14:00:00Z');
const sum = testSum({ start: began, end: began, energy: 7.9, cost: 1.67 });
const reading = (power: number, energy = 1841.2) =>
  testReading(1, { power, energy, time: new Date().toISOString() });
const watchOf = (name: string, state: string, sentence: string) =>
  ({ name, topics: [], verdict: { state, sentence, evidence: {} } }) as LiveEvent['data'];
const state = (online = true): LiveEvent[] => [
  {
    event: 'meters',
    data: ['main', 'attic'].map((name) =>
      testMeter({ name, online, reading: { ...reading(1243.32) }, today: sum, yesterday: sum, month: sum }),
    ),
  },
  {
    event: 'watches',
    data: [
      watchOf('main', 'healthy', 'a message every 1.2 s'),
      watchOf('attic', 'healthy', 'a message every 9 s'),
    ],
  } as LiveEvent,
  { event: 'stores', data: [] },
];
const incident = (recovered?: number) =>
  ({
    event: 'incident',
    data: {
      ...{ id: 7, watch: 'main', began, detected: began + 2100, cause: 'frozen', verdict: 'does not answer' },
      ...{ evidence: {}, tries: [], ...(recovered === undefined ? {} : { recovered }) },
    },
  }) as LiveEvent;

/** An agent’s HTTP port on which the test tells what happens. */
async function house(t: ExecutionContext, port = 0) {
  const listeners = new Set<ServerResponse>();
  const answers: Record<string, unknown> = {
    '/api/v1/watches': { watches: [{ name: 'main' }, { name: 'attic' }] },
    '/api/v1/meters': { meters: [{ name: 'main' }] },
  };
  const frame = ({ event, data }: LiveEvent) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
  const server: Server = createServer((request, response) => {
    const answer = answers[request.url ?? ''];
    if (answer !== undefined) return void response.end(JSON.stringify(answer));
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`retry: 1000\n\n: \n\n`);
    response.write(state().map(frame).join(''));
    listeners.add(response);
    response.once('close', () => listeners.delete(response));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  t.teardown(close);
  const { port: own } = server.address() as AddressInfo;
  return {
    port: own,
    listeners,
    args: ['--agent', `http://127.0.0.1:${own}`],
    close,
    tell: (told: LiveEvent) => listeners.forEach((listener) => void listener.write(frame(told))),
  };
}

const lines = (out: string) =>
  out
    .split('\n')
    .slice(0, -1)
    .map((line) => line.replace(/^\d\d:\d\d:\d\d {2}/, ''));

test('in a pipe, each change is a line; what has not changed is not said again', async (t) => {
  const { args, tell } = await house(t);
  const { child, ended, out, err } = wattdog(t, ['watch', ...args]);
  await until('the state', 60_000, () => out().includes('attic  healthy'));
  tell({ event: 'reading', data: { meter: 'main', reading: reading(612.4) } });
  for (const sentence of ['a message every 1.2 s', 'a message every 1.3 s'])
    tell({ event: 'watch', data: watchOf('main', 'healthy', sentence) } as LiveEvent);
  tell({ event: 'watch', data: watchOf('main', 'stalled', 'silent\x1b[2J for 9 s') } as LiveEvent);
  tell(incident());
  tell(incident());
  tell(incident(began + 5600));
  tell({
    event: 'stores',
    data: [{ name: 'vm', lag: 1, written: 0, rejected: 0, retries: 0, downSince: 1, error: 'refused' }],
  });
  tell({
    event: 'stores',
    data: [{ name: 'vm', lag: 9, written: 0, rejected: 0, retries: 0, downSince: null, error: null }],
  });
  await until('the last', 60_000, () => out().includes('takes readings'));
  child.kill('SIGINT');
  t.is(await ended, 0);
  t.is(err(), '');
  t.deepEqual(lines(out()), [
    'main  online',
    'attic  online',
    'main  healthy: a message every 1.2 s',
    'attic  healthy: a message every 9 s',
    'main  612 VA  1841.200 kWh',
    'main  stalled: silent [2J for 9 s',
    'main  incident 7: frozen: does not answer; not over yet',
    'main  incident 7: frozen: does not answer; recovered after 5.6 s',
    'vm  away: refused',
    'vm  takes readings',
  ]);
});

test('for programs, each event is a line of JSON; a name limits them', async (t) => {
  const { args, tell } = await house(t);
  const { child, ended, out, err } = wattdog(t, ['watch', 'attic', '--json', ...args]);
  await until('the state', 60_000, () => out().includes('"watches"'));
  tell({ event: 'reading', data: { meter: 'main', reading: reading(1) } });
  tell(incident());
  tell({ event: 'reading', data: { meter: 'attic', reading: reading(2) } });
  await until('its reading', 60_000, () => out().includes('"reading"') && out().endsWith('\n'));
  child.kill('SIGINT');
  t.is(await ended, 0, err());
  const told = lines(out()).map((line) => JSON.parse(line) as { event: string; data: unknown });
  t.deepEqual(
    told.map(({ event }) => event),
    ['meters', 'watches', 'reading'],
  );
  t.like(told[0]?.data, [{ name: 'attic' }]);
  t.like(told[0]?.data, { length: 1 });
  t.like(told[1]?.data, [{ name: 'attic' }]);
  t.like(told[2]?.data, { meter: 'attic' });
});

test('an agent that goes is waited for, and said to be back', async (t) => {
  const first = await house(t);
  const { child, ended, out, err } = wattdog(t, ['watch', ...first.args]);
  await until('the state', 60_000, () => out().includes('attic  healthy'));
  await first.close();
  await until('its absence', 60_000, () => err().includes('waiting for it'));
  const again = await house(t, first.port);
  await until('its return', 60_000, () => err().endsWith('the agent is back\n'));
  again.tell({ event: 'reading', data: { meter: 'main', reading: reading(3) } });
  await until('a reading', 60_000, () => out().includes('main  3 VA'));
  child.kill('SIGINT');
  t.is(await ended, 0);
  t.is(err().split('\n').length, 3, err());
});

realTest('script')('on a terminal it is a view that keeps itself up to date, and fits', async (t) => {
  const { args, tell, listeners } = await house(t);
  const { child, ended, out } = terminal(t, ['watch', ...args], { columns: 60, env: { NO_COLOR: '1' } });
  const ESC = String.fromCharCode(27);
  /** The last picture that is whole. */
  const picture = () =>
    out()
      .split(`${ESC}[H`)
      .findLast((part) => part.includes(`${ESC}[J`)) ?? '';
  await until('the state', 60_000, () => picture().includes('1,243 VA'));
  tell({ event: 'reading', data: { meter: 'main', reading: reading(612.4) } });
  tell({ event: 'watch', data: watchOf('main', 'stalled', 'silent for 9 s, '.repeat(5)) } as LiveEvent);
  tell(incident());
  await until('the news', 60_000, () => /612 VA[\s\S]*stalled[\s\S]*frozen/.test(picture()));
  const rows = picture().split(`${ESC}[J`)[0]?.replaceAll(`${ESC}[K`, '').split(/\r+\n/);
  t.true(
    rows?.slice(1).every((row) => row.length <= 60),
    rows?.join('\n'),
  );
  t.true(
    rows?.some((row) => /^main +stalled +silent for 9 s.*…$/.test(row)),
    rows?.join('\n'),
  );
  for (const listener of listeners) listener.destroy();
  await until('its absence', 60_000, () => out().includes('AWAY'));
  await until('its return', 60_000, () => !picture().includes('AWAY'));
  child.stdin.write('\x03');
  t.is(await ended, 0);
  t.true(out().includes(`${ESC}[?1049l`), 'what was on the screen comes back');
  t.regex(out().split(`${ESC}[?1049l`)[1] ?? '', /1,243 VA/);
});

test('who reads it may leave', async (t) => {
  const { args, tell } = await house(t);
  const { child, ended, out, err } = wattdog(t, ['watch', ...args]);
  await until('the state', 60_000, () => out().includes('attic  healthy'));
  child.stdout?.destroy();
  const timer = setInterval(
    () => tell({ event: 'reading', data: { meter: 'main', reading: reading(1) } }),
    20,
  );
  t.teardown(() => clearInterval(timer));
  t.is(await ended, 0);
  t.is(err(), '');
});

test('no agent to begin with, and a name that there is not, are said', async (t) => {
  const none = await runWattdog(t, ['watch', '--agent', `http://127.0.0.1:${await freePort()}`]);
  t.is(none.code, 1);
  t.regex(none.err, /^wattdog: watching: the agent must be running at /);
  const { args } = await house(t);
  const { code, err } = await runWattdog(t, ['watch', 'cellar', ...args]);
  t.is(code, 2);
  t.is(err, 'wattdog: watching: must be a meter or a watch, one of attic, main, got cellar\n');
});

test('a real agent is followed over its restart', async (t) => {
  const port = ['--agent.http.port', String(await freePort())];
  const first = await startUp(t, port);
  const { child, ended, out, err } = wattdog(t, ['watch', 'main', '--json', ...port]);
  const readings = () => out().split('"event":"reading"').length;
  await until('readings', 60_000, () => readings() > 3);
  first.child.kill('SIGTERM');
  await first.ended;
  await until('its absence', 60_000, () => err().includes('waiting for it'));
  const before = readings();
  await startUp(t, port);
  await until('its readings', 60_000, () => readings() > before + 3);
  t.true(err().endsWith('the agent is back\n'), err());
  child.kill('SIGINT');
  t.is(await ended, 0);
});
