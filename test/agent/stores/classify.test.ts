import test from 'ava';
import { classify, isDatabaseMissing, PATIENCE_MS } from '../../../agent/stores/classify.ts';

const NOW = Date.parse('2026-07-01T12:00:00Z');
const judge = (status: number, body = '', retryAfter?: string) =>
  classify({ status, body, retryAfter }, 10, NOW);

for (const status of [200, 204])
  test(`${status} is stored`, (t) => {
    t.deepEqual(judge(status), { kind: 'stored' });
  });

test('an answer with words says that something else happened: a page of a wrong address, a failure', (t) => {
  for (const body of ['<html>sign in</html>', '{"results":[{"error":"timeout"}]}', '{"results":'])
    t.like(judge(200, body), { kind: 'later', afterMs: PATIENCE_MS });
  t.deepEqual(judge(200, '\n'), { kind: 'stored' });
});

test('a refusal in HTML or broken JSON is told as it is', (t) => {
  t.like(judge(400, '<h1>Bad Request</h1>'), {
    scope: 'request',
    reason: 'answered 400: <h1>Bad Request</h1>',
  });
  t.like(judge(400, '{"error":'), { scope: 'request', reason: 'answered 400: {"error":' });
  t.like(judge(422, '[]'), { scope: 'request', reason: 'answered 422: []' });
  t.like(judge(400, '{"error":7,"data":[null]}'), { scope: 'request' });
});

test('a request refused as a whole kept nothing', (t) => {
  t.like(judge(400, '{"error":"unable to parse \'x\': missing fields"}'), {
    kind: 'refused',
    scope: 'request',
    reason: "answered 400: unable to parse 'x': missing fields",
  });
  t.like(judge(422, '{"code":"unprocessable entity","message":"failure writing points"}'), {
    kind: 'refused',
    scope: 'request',
    reason: 'answered 422: failure writing points',
  });
});

test('a partial write kept the points that it did not drop', (t) => {
  const partial = (body: string) => judge(400, body);
  t.like(partial('{"error":"partial write: field type conflict: … dropped=1"}'), { scope: 'some' });
  t.like(partial('{"error":"partial write: points beyond retention policy dropped=10"}'), { scope: 'all' });
  t.like(partial('{"error":"partial write: unable to parse \'x\': missing fields dropped=0"}'), {
    scope: 'some',
  });
  const influx3 = {
    error: 'partial write of line protocol occurred',
    data: [{ original_line: 'x', line_number: 2, error_message: 'no fields' }],
  };
  t.like(partial(JSON.stringify(influx3)), {
    scope: 'some',
    reason: 'answered 400: partial write of line protocol occurred: no fields',
  });
});

test('413 is too large', (t) => {
  t.like(judge(413, 'Request Entity Too Large'), { kind: 'too large' });
});

for (const status of [301, 401, 403, 404, 405, 429])
  test(`${status} waits patiently and drops nothing`, (t) => {
    t.like(judge(status), { kind: 'later', afterMs: PATIENCE_MS });
    t.like(judge(status, '', '7'), { kind: 'later', afterMs: 7000 });
  });

for (const status of [500, 502, 503, 504])
  test(`${status} is tried again soon`, (t) => {
    t.like(judge(status), { kind: 'later', afterMs: undefined });
    t.like(judge(status, '', '2'), { kind: 'later', afterMs: 2000 });
  });

test('Retry-After is seconds or a date, capped, never negative, and nonsense is ignored', (t) => {
  const after = (header: string) => {
    const verdict = judge(503, '', header);
    return verdict.kind === 'later' ? verdict.afterMs : 'not later';
  };
  t.is(after('120'), 120_000);
  t.is(after('Wed, 01 Jul 2026 12:00:30 GMT'), 30_000);
  t.is(after('Wed, 01 Jul 2026 11:00:00 GMT'), 0);
  t.is(after('86400'), 600_000);
  t.is(after('soon'), undefined);
});

test('a long answer is cut and put on one line', (t) => {
  const verdict = judge(500, `first\nsecond ${'x'.repeat(1000)}`);
  t.true(verdict.kind === 'later' && /^answered 500: first second x{2,}…$/.test(verdict.reason));
  t.true(verdict.kind === 'later' && verdict.reason.length < 350);
});

test('only InfluxDB 1’s own 404 means that the database is missing', (t) => {
  const answer = (status: number, body: string) => ({ status, body, retryAfter: undefined });
  t.true(isDatabaseMissing(answer(404, '{"error":"database not found: \\"studio\\""}')));
  t.false(isDatabaseMissing(answer(404, '404 page not found')));
  t.false(isDatabaseMissing(answer(400, '{"error":"database not found"}')));
});
