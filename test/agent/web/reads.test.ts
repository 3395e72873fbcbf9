import test from 'ava';
import type { Forgotten } from '../../../agent/doors/operations.ts';
import type { Range } from '../../../agent/doors/queries.ts';
import { RetryError } from '../../../shared/errors.ts';
import { scriptedOperations, scriptedQueries, serve } from './support.ts';

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;
const MAIN = '/api/v1/meters/main';

test('ranges are ms or ISO 8601, and have their usual ends', async (t) => {
  const asked: unknown[] = [];
  const { ask } = await serve(t, scriptedOperations(), {
    now: NOW,
    queries: scriptedQueries({
      knows: () => true,
      power: async (meter: string, range: Range, points: number) =>
        ({ asked: asked.push([meter, range.from, range.to, points]) }) as never,
      energy: async (meter: string, unit: string, range: Range) =>
        ({ asked: asked.push([meter, unit, range.from, range.to]) }) as never,
      gaps: (range: Range, limit: number) => {
        asked.push([range.from, range.to, limit]);
        return [];
      },
    }),
  });
  const cases: [path: string, asked: unknown[]][] = [
    [`${MAIN}/power`, ['main', NOW + 1 - HOUR, NOW + 1, 600]],
    [`${MAIN}/power?from=5&to=77&points=2`, ['main', 5, 77, 2]],
    [`${MAIN}/power?to=${HOUR}`, ['main', 0, HOUR, 600]],
    [
      `${MAIN}/power?from=2023-11-14T20:00:00Z&to=2023-11-14T23:00:00.5%2B01:00`,
      ['main', NOW - 8_000_000, NOW - 799_500, 600],
    ],
    [`${MAIN}/energy`, ['main', 'day', NOW + 1 - 31 * 24 * HOUR, NOW + 1]],
    [`${MAIN}/energy?unit=hour`, ['main', 'hour', NOW + 1 - 24 * HOUR, NOW + 1]],
    [`${MAIN}/energy?unit=month&from=0`, ['main', 'month', 0, NOW + 1]],
    ['/api/v1/gaps', [0, NOW + 1, 100]],
    ['/api/v1/gaps?to=5&limit=9999', [0, 5, 9999]],
  ];
  for (const [path, wanted] of cases) {
    t.is((await ask(path)).status, 200, path);
    t.deepEqual(asked.pop(), wanted, path);
  }
});

test('what does not fit is refused with the rule and the value', async (t) => {
  const queries = scriptedQueries({ knows: (name) => name === 'main' });
  const { ask } = await serve(t, scriptedOperations(), { queries });
  const moment = 'must be ms since 1970 UTC, or ISO 8601 with its offset, such as 2026-01-15T08:00:00Z';
  const wrong: [status: number, path: string, error: string][] = [
    [404, '/meters/nobody/power', 'finding the meter: must be one of (there is none), got "nobody"'],
    [404, '/meters/a%2Fb/energy', 'finding the meter: must be one of (there is none), got "a/b"'],
    [
      400,
      '/meters/main/power?points=1',
      'reading power: points: must be a whole number from 2 to 5000, got "1"',
    ],
    [
      400,
      '/meters/main/power?points=5001',
      'reading power: points: must be a whole number from 2 to 5000, got "5001"',
    ],
    [400, '/meters/main/power?from=yesterday', `reading power: from: ${moment}, got "yesterday"`],
    [400, '/meters/main/power?from=2026-01-15', `reading power: from: ${moment}, got "2026-01-15"`],
    [400, '/meters/main/power?from=-5', `reading power: from: ${moment}, got "-5"`],
    [400, '/meters/main/power?to=9999999999999999', `reading power: to: ${moment}, got "9999999999999999"`],
    [400, '/meters/main/power?form=5', 'reading power: Unrecognized key: "form", got {"form":"5"}'],
    [400, '/meters/main/power?from=6&to=6', 'reading the range: `from` must be before `to`, got 6 and 6'],
    [
      400,
      '/meters/main/power?from=0&to=8000000000000000',
      'reading power: must be at most 36525 days at once, got 92592593',
    ],
    [400, '/meters/main/energy?unit=week', 'reading energy: unit: must be hour, day or month, got "week"'],
    [
      400,
      '/meters/main/energy?unit=hour&from=0',
      'reading energy by the hour: must be at most 400 days at once, got 19676',
    ],
    [400, '/gaps?limit=0', 'listing gaps: limit: must be a whole number from 1 to 9999, got "0"'],
  ];
  for (const [status, path, error] of wrong)
    t.like(await ask(`/api/v1${path}`), { status, body: { error } }, path);
});

test('what the journal cannot tell at present is 503, with the reason', async (t) => {
  const fail = () => {
    throw new RetryError('the journal takes nothing: disk I/O error');
  };
  const queries = scriptedQueries({ knows: () => true, meters: fail, gaps: fail, power: async () => fail() });
  const { ask } = await serve(t, scriptedOperations(), { queries });
  for (const path of ['meters', 'gaps', 'meters/main/power'])
    t.like(await ask(`/api/v1/${path}`), {
      status: 503,
      body: { error: 'the journal takes nothing: disk I/O error' },
    });
});

test('a meter is forgotten where it may be', async (t) => {
  const results: Forgotten[] = [
    { result: 'forgotten', sentence: 'main is forgotten' },
    { result: 'online', sentence: 'main is online' },
    { result: 'unknown', sentence: 'there is no meter main' },
  ];
  const rest = [...results];
  const operations = scriptedOperations({ forget: () => rest.shift() as Forgotten });
  const { ask, post } = await serve(t, operations);
  t.like(await post(`${MAIN}/forget`, {}), { status: 200, body: results[0] });
  t.like(await post(`${MAIN}/forget`, {}), { status: 409, body: results[1] });
  t.like(await post(`${MAIN}/forget`, {}), {
    status: 404,
    body: { error: 'forgetting: there is no meter main' },
  });
  t.is((await post(`${MAIN}/forget`, { now: true })).status, 400);
  t.is((await ask(`${MAIN}/forget`, { method: 'POST' })).status, 415);
  t.is((await post(`${MAIN}/forget`, {}, { origin: 'http://evil.example' })).status, 403);
  t.is(operations.asked.length, 3);
});

test('everything wants the token where there is one, and tells no cache', async (t) => {
  const { ask } = await serve(t, scriptedOperations(), { token: 'hunter2' });
  for (const path of [
    'agent',
    'meters',
    'meters/main/power',
    'meters/main/energy',
    'gaps',
    'stores',
    'openapi.json',
  ]) {
    const refused = await ask(`/api/v1/${path}`);
    t.is(refused.status, 401, path);
    t.is(refused.headers.get('cache-control'), 'no-store');
  }
  const answer = await ask('/api/v1/stores', { headers: { authorization: 'Bearer hunter2' } });
  t.like(answer, { status: 200, body: { stores: [] } });
});
