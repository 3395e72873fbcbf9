import { createHmac } from 'node:crypto';
import test from 'ava';
import { hasCredentials, isForeignPage, isForThisMachine, mayCall } from '../../../agent/web/auth.ts';

const NOW = 1_700_000_000_000;
const body = Buffer.from('{"alerts":[]}');
const all = { token: 'tök', username: 'grafana', password: 'pa:ss', secret: 'key' };
const hmac = (text: string, key = 'key') => createHmac('sha256', key).update(text).digest('hex');
const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
const bytes = (text: string) => Buffer.from(text).toString('latin1');
const call = (headers: Record<string, string>, credentials: Partial<typeof all> = all) =>
  mayCall({ headers, body }, credentials, NOW);

test('any one of the configured ways lets in', (t) => {
  t.true(call({ authorization: bytes('Bearer tök') }));
  t.true(call({ authorization: basic('grafana:pa:ss') }));
  t.true(call({ 'x-grafana-alerting-signature': hmac(String(body)) }));
  t.true(call({ 'x-grafana-alerting-signature': hmac(String(body)).toUpperCase() }));
});

test('what is wrong, or not configured, does not', (t) => {
  const { token, secret } = all;
  for (const headers of [
    {},
    { authorization: '' },
    { authorization: 'Bearer' },
    { authorization: 'Bearer undefined' },
    { authorization: bytes('Bearer tök ') },
    { authorization: bytes('bearer tök') },
    { authorization: 'Basic' },
    { authorization: 'Basic ====' },
    { authorization: basic('grafana') },
    { authorization: basic('grafana:') },
    { authorization: basic('undefined:undefined') },
    { 'x-grafana-alerting-signature': '' },
    { 'x-grafana-alerting-signature': 'undefined' },
    { 'x-grafana-alerting-signature': hmac(String(body), 'other') },
    { 'x-grafana-alerting-signature': hmac(String(body)).slice(0, 62) },
    { 'x-grafana-alerting-signature': hmac('{"alerts":[ ]}') },
  ])
    t.regex(String(call(headers)), /^the request must carry /, JSON.stringify(headers));
  t.not(call({ authorization: basic('grafana:pa:ss') }, { token, secret }), true);
  t.not(call({ authorization: basic('undefined:undefined') }, { token }), true);
  t.not(call({ authorization: bytes('Bearer tök') }, { secret }), true);
  t.not(call({ 'x-grafana-alerting-signature': hmac(String(body)) }, { token }), true);
  t.not(call({}, {}), true);
  t.deepEqual([{}, { token: 'x' }, { password: 'x' }, { secret: 'x' }].map(hasCredentials), [
    false,
    true,
    true,
    true,
  ]);
});

test('a signed timestamp must be of the last five minutes', (t) => {
  const signed = (timestamp: string) =>
    call({
      'x-grafana-alerting-timestamp': timestamp,
      'x-grafana-alerting-signature': hmac(`${timestamp}:${body}`),
    });
  t.true(signed(String(NOW / 1000)));
  t.true(signed(String(NOW / 1000 - 299)));
  t.true(signed(String(NOW / 1000 + 299)));
  t.is(
    signed(String(NOW / 1000 - 301)),
    'the signature’s timestamp must be within 300 s of this machine’s clock, is 301 s off',
  );
  t.not(signed(String(NOW)), true, 'milliseconds');
  t.not(signed('soon'), true);
  t.not(signed('NaN'), true);
  t.not(
    call({ 'x-grafana-alerting-timestamp': '', 'x-grafana-alerting-signature': hmac(String(body)) }),
    true,
    'an empty timestamp is one',
  );
  t.not(
    call({ 'x-grafana-alerting-signature': hmac(`1:${body}`) }),
    true,
    'a timestamp that was taken away breaks the signature',
  );
});

test('a page of another site is known by its origin', (t) => {
  const host = 'localhost:9288';
  t.false(isForeignPage({ host }));
  t.false(isForeignPage({ host, origin: 'http://localhost:9288' }));
  for (const origin of ['null', 'http://evil.example', 'http://localhost:80', 'localhost:9288', ''])
    t.true(isForeignPage({ host, origin }), origin);
  t.true(isForeignPage({ origin: 'http://localhost:9288' }));
});

test('only its own names mean this machine', (t) => {
  for (const host of ['localhost', 'LOCALHOST:9288', '127.0.0.1:9288', '127.1.2.3', '[::1]:9288'])
    t.true(isForThisMachine({ host }), host);
  for (const host of ['evil.example', 'localhost.evil.example', '192.168.1.2:9288', '', ' '])
    t.false(isForThisMachine({ host }), host);
  t.false(isForThisMachine({}));
});
