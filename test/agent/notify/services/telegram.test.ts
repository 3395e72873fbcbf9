import test from 'ava';
import { telegram } from '../../../../agent/notify/services/telegram.ts';
import { noticeOf } from '../support.ts';

const service = telegram({ token: '1:abc', chat: '-1001', url: 'https://api.telegram.org' });

test('a message is sent as HTML', (t) => {
  const { method, url, body } = service.request(noticeOf({ verdict: 'a < b & c' }));
  t.is(method, 'POST');
  t.is(url, 'https://api.telegram.org/bot1:abc/sendMessage');
  t.deepEqual(JSON.parse(body), {
    chat_id: '-1001',
    text: [
      '⚠️ <b>main froze</b>',
      'Last sign of life at 14:03:02 on 15 January.',
      'A &lt; b &amp; c.',
      '<a href="http://home:9288/">wattdog</a>',
    ].join('\n'),
    parse_mode: 'HTML',
    link_preview_options: { is_disabled: true },
  });
});

test('it is edited in place', (t) => {
  const { method, url, body } = service.request(noticeOf(), '42');
  t.is(method, 'POST');
  t.is(url, 'https://api.telegram.org/bot1:abc/editMessageText');
  t.like(JSON.parse(body), { chat_id: '-1001', message_id: 42, parse_mode: 'HTML' });
});

test('the id is read from the answer, whatever it is', (t) => {
  t.is(service.idOf?.({ ok: true, result: { message_id: 42 } }), '42');
  for (const answer of [undefined, null, { result: null }, { result: { message_id: '42' } }])
    t.is(service.idOf?.(answer), undefined);
});

test('that it already reads so is no refusal', (t) => {
  const answer = { ok: false, error_code: 400, description: 'Bad Request: message is not modified: …' };
  t.true(service.isUnchanged?.(answer));
  t.false(service.isUnchanged?.({ description: 'Bad Request: message to edit not found' }));
  t.false(service.isUnchanged?.(undefined));
});
