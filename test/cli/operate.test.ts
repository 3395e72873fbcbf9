import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Operations } from '../../agent/doors/operations.ts';
import type { Queries } from '../../agent/doors/queries.ts';
import type { MeterView } from '../../agent/doors/views.ts';
import type { Incident, Moment } from '../../agent/guard/incident.ts';
import { aborted } from '../../shared/time.ts';
import { moments, scriptedOperations, scriptedQueries, serve } from '../agent/web/support.ts';
import { testReading } from '../support/readings.ts';
import { freePort, temporaryFolder, until } from '../support/system.ts';
import { testMeter, testSum } from '../support/views.ts';
import { runWattdog, wattdog } from './support.ts';

const began = Date.parse('2026-11-22T14:00:00Z');
const env = { TZ: 'UTC' };
const incident: Incident = {
  id: 7,
  watch: 'studio',
  began,
  detected: began + 2100,
  cause: 'frozen',
  verdict: 'does not answer for 2.1 s',
  evidence: {},
  tries: [
    {
      at: began + 2200,
      rung: 'restart',
      target: 'container studio',
      result: 'running',
      detail: '',
      steps: [],
    },
  ],
  recovered: began + 5600,
  loss: { readings: 4, seconds: 5.6, energy: 0.0123 },
  drill: true,
};

const sum = (energy: number, cost: number) => testSum({ start: began, end: began, energy, cost });
const reading = {
  ...testReading(1, { time: new Date(began).toISOString(), power: 1243.32, energy: 1841.2 }),
};
const main = testMeter({
  tariff: 'SCE TOU-D-A',
  reading,
  today: sum(7.9, 1.67),
  yesterday: sum(14.07, 3.2),
  month: sum(279.35, 68.6),
  forecast: { energy: 390, cost: 94.84, export_energy: 0, credit: 0, fixed_cost: 0, net: 94.84 },
});
const attic: MeterView = {
  ...main,
  name: 'attic',
  online: null,
  currency: null,
  reading: null,
  ...{ today: sum(0, 0), yesterday: sum(0, 0), month: sum(0, 0), forecast: null },
};

/** An agent with these operations, and the command line that finds it by its settings. */
async function setUp(
  t: ExecutionContext,
  script: Partial<Operations> = {},
  token?: string,
  queries: Partial<Queries> = {},
) {
  const operations = scriptedOperations(script);
  const { port, url } = await serve(t, operations, {
    ...(token === undefined ? {} : { token }),
    queries: scriptedQueries(queries),
  });
  const settings = ['--agent.http.port', String(port)];
  const run = (...args: string[]) => runWattdog(t, [...args, ...settings], { env });
  return { operations, url, port, run, settings };
}

test('watches are a table for people and JSON for scripts', async (t) => {
  const plain = scriptedOperations();
  const watches = () => plain.watches().map((watch) => ({ ...watch, heldUntil: began }));
  const { run } = await setUp(t, { watches });
  const { code, out, err } = await run('watches');
  t.is(code, 0, err);
  t.is(
    out,
    [
      'watch   state    silent  restarts                    held until           why',
      'studio  healthy  0.4 s   container wattdog-studio-1  2026-11-22 14:00:00  messages come every 1.2 s',
      'garage  healthy  0.4 s   container wattdog-garage-1  2026-11-22 14:00:00  messages come every 1.2 s',
      '',
    ].join('\n'),
  );
  const json = await run('watches', '--json');
  t.deepEqual(
    json.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
    watches(),
  );
});

test('nothing watched, and no incident, are said', async (t) => {
  const { run } = await setUp(t, { watches: () => [] });
  t.is((await run('watches')).out, 'nothing is watched\n');
  t.is((await run('incidents')).out, 'there was no incident\n');
  t.is((await run('incidents', '--json')).out, '');
});

test('incidents come with the newest last, and cannot command the terminal', async (t) => {
  const { loss: _, drill: __, recovered: ___, ...open } = incident;
  const limits: number[] = [];
  const { run } = await setUp(t, {
    incidents: (limit) => {
      limits.push(limit);
      return [
        { ...open, id: 9, verdict: 'stuck at \x1b]0;gotcha\x07', cause: 'stuck' },
        { ...open, id: 8, help: { at: began, why: 'no such container' } },
        incident,
      ];
    },
  });
  const { out } = await run('incidents', '--limit', '3');
  t.deepEqual(limits, [3]);
  t.is(
    out,
    [
      'id  watch   began                cause           noticed after  tries  recovered after  lost                                      why',
      ' 7  studio  2026-11-22 14:00:00  frozen (drill)  2.1 s              1  5.6 s            4 readings in 5.6 s, 0.012 kWh uncounted  does not answer for 2.1 s',
      ' 8  studio  2026-11-22 14:00:00  frozen          2.1 s              1  needs help                                                 no such container',
      ' 9  studio  2026-11-22 14:00:00  stuck           2.1 s              1  not yet                                                    stuck at  ]0;gotcha',
      '',
    ].join('\n'),
  );
  const wrong = await run('incidents', '--limit', 'all');
  t.is(wrong.code, 2);
  t.regex(wrong.err, /^wattdog: listing the incidents: listing incidents: limit: must be a whole number/);
});

test('hold, release and restart say what they did', async (t) => {
  const { operations, run } = await setUp(t);
  const held = await run('hold', 'studio', '2h');
  t.is(held.code, 0, held.err);
  t.is(held.out, 'studio is left alone until 2023-11-15 00:13:20\n');
  t.is((await run('release', 'studio-electricity-meter')).out, 'studio is healed again\n');
  t.is((await run('restart', 'studio')).out, 'restarting studio\n');
  t.is((await run('restart', '--force', 'studio')).code, 0);
  const by = 'the command line';
  t.deepEqual(operations.asked, [
    ['hold', 'studio', 7_200_000, by],
    ['release', 'studio', by],
    ['restart', 'studio', { force: false, by }],
    ['restart', 'studio', { force: true, by }],
  ]);
});

test('what is fed out and earned has columns where a meter tells of it', async (t) => {
  const roof = testMeter({
    ...{ name: 'roof', currency: 'EUR', fields: ['export_energy'] },
    reading: { ...reading, power: -1500.4, power_basis: 'measured' },
    today: testSum({ energy: 1.5, cost: 0.45, export_energy: 7.25, credit: 0.58 }),
    month: testSum({ energy: 30, cost: 9, export_energy: 70, credit: 5.6 }),
  });
  const { run } = await setUp(t, {}, undefined, { meters: () => [roof, attic] });
  const { out } = await run('meters');
  const [heading = '', row = '', other = ''] = out.split('\n');
  t.regex(
    heading,
    /kWh today {2}kWh out today {2}cost today {2}earned today .* kWh out month +cost month +earned month/,
  );
  t.regex(row, /^roof +online +-1,500 W .* 1\.50 +7\.25 +€0\.45 +€0\.58 .* 30\.00 +70\.00 +€9\.00 +€5\.60/);
  t.regex(other, /^attic .* 0\.00 +0\.00 +0\.00 /);
});

test('meters are a table for people and JSON for scripts', async (t) => {
  // Of a clock that is ahead of ours: however slow this machine is, it is not old.
  const fresh = { ...main, reading: { ...reading, time: new Date(Date.now() + 600_000).toISOString() } };
  const { run } = await setUp(t, {}, undefined, { meters: () => [fresh, attic] });
  const { code, out, err } = await run('meters');
  t.is(code, 0, err);
  t.is(
    out,
    [
      'meter  state            power  age  kWh today  cost today  kWh yesterday  cost yesterday  kWh month  cost month  expected',
      'main   online        1,243 VA  now       7.90       $1.67          14.07           $3.20     279.35      $68.60    $94.84',
      'attic  not heard of                      0.00        0.00           0.00            0.00       0.00        0.00',
      '',
    ].join('\n'),
  );
  const json = await run('meters', '--json');
  t.deepEqual(
    json.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [fresh, attic],
  );
  t.is((await (await setUp(t)).run('meters')).out, 'no meter has been heard of yet\n');
});

test('a meter is forgotten, or why it is not is said', async (t) => {
  const { operations, run } = await setUp(t, {
    forget: (name) =>
      name === 'attic'
        ? { result: 'forgotten', sentence: 'attic is forgotten' }
        : name === 'main'
          ? { result: 'online', sentence: 'main is online: it would be known again at once' }
          : { result: 'unknown', sentence: `there is no meter ${name}` },
  });
  const attic = await run('forget', 'attic');
  t.is(attic.code, 0, attic.err);
  t.is(attic.out, 'attic is forgotten\n');
  t.deepEqual(operations.asked, [['forget', 'attic', 'the command line']]);
  const main = await run('forget', 'main');
  t.is(main.code, 1);
  t.is(main.err, 'wattdog: forgetting main: main is online: it would be known again at once\n');
  t.is((await run('forget', 'cellar')).code, 2);
});

test('a release that maintenance outlasts says so', async (t) => {
  const plain = scriptedOperations();
  const { run } = await setUp(t, {
    watches: () => plain.watches().map((watch) => ({ ...watch, heldUntil: began })),
  });
  t.is(
    (await run('release', 'studio')).out,
    'studio is still left alone until 2026-11-22 14:00:00, for maintenance\n',
  );
});

test('what the agent refuses is exit code 1, what is wrongly asked 2', async (t) => {
  const refused = { result: 'refused', sentence: 'studio is well' } as const;
  const { run } = await setUp(t, {
    restart: (name) => (name === 'studio' ? refused : { result: 'held', sentence: 'garage is held' }),
  });
  for (const [args, code, message] of [
    [['restart', 'studio'], 1, 'restarting studio: studio is well; --force overrules it'],
    [['restart', 'garage'], 1, 'restarting garage: garage is held'],
    [
      ['hold', 'studio', 'long'],
      2,
      'holding studio: holding: for: must be a number with a unit ms, s, m, h or d, such as 10s, got "long"',
    ],
    [
      ['hold', 'a/../b?c', '1h'],
      2,
      'holding a/../b?c: finding the watch: must be one of studio, garage or its container, got "a/../b?c"',
    ],
    [['drill', 'nobody'], 2, 'drilling nobody: the watch must be one of studio, garage, got nobody'],
  ] as const) {
    const result = await run(...args);
    t.is(result.code, code, result.err);
    t.is(result.err, `wattdog: ${message}\n`);
    t.is(result.out, '');
  }
});

test('an agent that is not there is said with its address and the settings', async (t) => {
  const port = await freePort();
  const { code, err } = await runWattdog(t, ['watches', '--agent.http.port', String(port)]);
  t.is(code, 1);
  t.regex(
    err,
    new RegExp(
      `^wattdog: listing the watches: the agent must be running at http://127\\.0\\.0\\.1:${port} \\(settings agent\\.http\\.host and agent\\.http\\.port, or --agent URL\\), got .*ECONNREFUSED.*\\n$`,
    ),
  );
});

test('the token that an agent has made for itself opens it to who can read it', async (t) => {
  const { run } = await setUp(t, {}, 'made-token');
  const folder = temporaryFolder(t);
  const listing = ['watches', '--broker.credentials', folder];
  t.is((await run(...listing)).code, 1);
  writeFileSync(join(folder, 'page'), 'made-token\n');
  const { code, out, err } = await run(...listing);
  t.is(code, 0, err);
  t.regex(out, /studio/);
});

test('the token of the settings opens the agent; without it, the setting is named', async (t) => {
  const { port, settings } = await setUp(t, {}, 'gehëim');
  const withToken = { env: { WATTDOG_AGENT_HTTP_TOKEN: 'gehëim' } };
  t.is((await runWattdog(t, ['watches', ...settings], withToken)).code, 0);
  // In a container it listens on every address.
  t.is((await runWattdog(t, ['watches', ...settings, '--agent.http.host', '0.0.0.0'], withToken)).code, 0);
  t.is((await runWattdog(t, ['watches', '--agent', `http://localhost:${port}/`], withToken)).code, 0);
  const { code, err } = await runWattdog(t, ['watches', ...settings]);
  t.is(code, 1);
  t.regex(err, /asks for its token: set agent\.http\.token \(WATTDOG_AGENT_HTTP_TOKEN\)/);
  const wrong = { env: { WATTDOG_AGENT_HTTP_TOKEN: 'hunter2' } };
  t.notRegex((await runWattdog(t, ['watches', ...settings], wrong)).err, /hunter2/);
});

test('an address that is none, or of something else, is said', async (t) => {
  const other = createServer((_request, response) => response.end('<html>It works!'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  t.teardown(() => other.close());
  const { port } = other.address() as AddressInfo;
  const wrong = await runWattdog(t, ['watches', '--agent', `http://127.0.0.1:${port}`]);
  t.is(wrong.code, 1);
  t.regex(wrong.err, /must be an agent of wattdog, got /);
  const none = await runWattdog(t, ['watches', '--agent', '192.168.1.2:9288']);
  t.is(none.code, 2);
  t.regex(none.err, /--agent must be a URL such as http:\/\/192\.168\.1\.2:9288, got 192\.168\.1\.2:9288\n$/);
  const any = await runWattdog(t, ['watches', '--agent.http.port', '0']);
  t.is(any.code, 78);
  t.regex(any.err, /agent\.http\.port must be its port, is 0/);
});

const timeline: Moment[] = [
  { at: began, what: 'frozen', detail: 'paused container wattdog-studio-1' },
  { at: began + 900, what: 'suspected', detail: 'does not answer for 0.5 s' },
  { at: began + 2100, what: 'convicted', detail: 'does not answer for 1.7 s' },
  { at: began + 12_500, what: 'verified', detail: '3 fresh messages\x1b[2J' },
];

test('a drill says what it freezes, tells the timeline, then what was lost', async (t) => {
  const { run } = await setUp(t, { drill: () => moments(timeline), incidents: () => [incident] });
  const { code, out, err } = await run('drill', 'studio');
  t.is(code, 0, err);
  t.is(
    out,
    [
      'freezing container wattdog-studio-1 for real; the agent brings it back, whether anybody looks on or not',
      '    0.0 s  frozen         paused container wattdog-studio-1',
      '    0.9 s  suspected      does not answer for 0.5 s',
      '    2.1 s  convicted      does not answer for 1.7 s',
      '   12.5 s  verified       3 fresh messages [2J',
      'lost: 4 readings in 5.6 s, 0.012 kWh uncounted',
      '',
    ].join('\n'),
  );
});

test('each moment is shown when it comes; Ctrl-C ends the looking on, with exit code 1', async (t) => {
  let ended = false;
  async function* drill(_watch: string, _by: string, signal: AbortSignal): AsyncGenerator<Moment> {
    yield* timeline.slice(0, 2);
    await aborted(signal);
    ended = true;
  }
  const { settings } = await setUp(t, { drill });
  const command = wattdog(t, ['drill', 'studio', ...settings], { env });
  await until('two moments', 90_000, () => command.out().includes('0.9 s  suspected'));
  command.child.kill('SIGINT');
  t.is(await command.ended, 1);
  t.is(command.err(), 'wattdog: drilling studio: interrupted; the agent goes on by itself\n');
  await until('the agent to notice', 10_000, () => ended);
});

test('a drill that is not verified is exit code 1, and says why', async (t) => {
  const ends: [Partial<Operations>, RegExp][] = [
    [
      { drill: () => moments([...timeline.slice(0, 2), { at: began, what: 'gave up waiting', detail: '' }]) },
      /its recovery must be verified, the last that was seen is: gave up waiting\n$/,
    ],
    [{ drill: () => moments([]) }, /the last that was seen is: nothing\n$/],
    [
      {
        async *drill() {
          yield* timeline.slice(0, 1);
          throw new Error('the engine is away');
        },
      },
      /^wattdog: drilling studio: the engine is away\n$/,
    ],
  ];
  for (const [script, message] of ends) {
    const { run } = await setUp(t, script);
    const { code, err } = await run('drill', 'studio');
    t.is(code, 1);
    t.regex(err, message);
  }
});

test('an agent that dies in the middle of a drill is told as that', async (t) => {
  const dying = createServer((request, response) => {
    if (request.method === 'GET') response.end(JSON.stringify({ watches: scriptedOperations().watches() }));
    else response.write(`${JSON.stringify(timeline[0])}\n{"at":`, () => response.destroy());
  });
  await new Promise<void>((resolve) => dying.listen(0, '127.0.0.1', resolve));
  t.teardown(() => dying.close());
  const { port } = dying.address() as AddressInfo;
  const { code, out, err } = await runWattdog(t, ['drill', 'studio', '--agent', `http://127.0.0.1:${port}`]);
  t.is(code, 1);
  t.regex(out, /0\.0 s {2}frozen/);
  t.regex(err, /^wattdog: drilling studio: the agent must tell it to its end, got .*\n$/);
});

test('a watch that restarts nothing is not drilled', async (t) => {
  const watches = () =>
    scriptedOperations()
      .watches()
      .map(({ target: _, ...watch }) => watch);
  const { run, operations } = await setUp(t, { watches });
  const { code, out, err } = await run('drill', 'studio');
  t.is(code, 1);
  t.is(out, '');
  t.regex(err, /there must be something that studio restarts, but there is nothing\n$/);
  t.deepEqual(operations.asked, []);
  t.regex((await run('watches')).out, /studio {2}healthy {2}0\.4 s {3}nothing/);
});
