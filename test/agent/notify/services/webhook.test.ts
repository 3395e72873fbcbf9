import { createHmac } from 'node:crypto';
import test from 'ava';
import { webhook } from '../../../../agent/notify/services/webhook.ts';
import { BEGAN, noticeOf, testIncident } from '../support.ts';

const url = 'https://example.com/hook?x=1';

test('a program gets the incident as data, and the words', (t) => {
  const { method, url: address, headers, body } = webhook(url, undefined).request(noticeOf());
  t.is(method, 'POST');
  t.is(address, url);
  t.deepEqual(headers, { 'content-type': 'application/json' });
  t.deepEqual(JSON.parse(body), {
    event: 'stalled',
    key: `main-${BEGAN + 2400}`,
    title: 'main froze',
    text: 'Last sign of life at 14:03:02 on 15 January.\nIts process did not answer for 2.1 s.',
    page: 'http://home:9288/',
    incident: testIncident(),
  });
});

test('the event is the stage', (t) => {
  const event = (more: Parameters<typeof noticeOf>[0]) =>
    JSON.parse(webhook(url, undefined).request(noticeOf(more)).body).event;
  t.is(event({ help: { at: BEGAN, why: 'gone' } }), 'help');
  t.is(event({ recovered: BEGAN }), 'recovered');
});

test('a secret signs the very bytes of the body', (t) => {
  const { headers, body } = webhook(url, 's').request(noticeOf({ watch: 'zähler' }));
  t.is(headers['x-wattdog-signature'], createHmac('sha256', 's').update(Buffer.from(body)).digest('hex'));
});
