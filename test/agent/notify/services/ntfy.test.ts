import test from 'ava';
import { ntfy } from '../../../../agent/notify/services/ntfy.ts';
import { BEGAN, noticeOf } from '../support.ts';

test('a message is published as JSON, in which titles need no encoding', (t) => {
  const { method, url, headers, body } = ntfy('https://ntfy.example/sub/my_topic/', 'tk_1').request(
    noticeOf({ watch: 'zähler' }),
  );
  t.is(method, 'POST');
  t.is(url, 'https://ntfy.example/sub/');
  t.is(headers.authorization, 'Bearer tk_1');
  t.deepEqual(JSON.parse(body), {
    topic: 'my_topic',
    title: 'zähler froze',
    message: 'Last sign of life at 14:03:02 on 15 January.\nIts process did not answer for 2.1 s.',
    priority: 4,
    tags: ['warning'],
    sequence_id: `z_hler-${BEGAN + 2400}`,
    click: 'http://home:9288/',
  });
});

test('a topic at the root, without a token', (t) => {
  const { url, headers, body } = ntfy('https://ntfy.sh/topic', undefined).request(noticeOf());
  t.is(url, 'https://ntfy.sh/');
  t.false('authorization' in headers);
  t.is(JSON.parse(body).topic, 'topic');
});

test('it rings as loud as the matter deserves', (t) => {
  const { request, idOf } = ntfy('https://ntfy.sh/topic', undefined);
  const sent = (more: Parameters<typeof noticeOf>[0]) => JSON.parse(request(noticeOf(more)).body);
  const help = { at: BEGAN, why: 'gone' };
  t.like(sent({ help }), { priority: 5, tags: ['rotating_light'] });
  t.like(sent({ help, recovered: BEGAN }), { priority: 3, tags: ['white_check_mark'] });
  t.like(sent({ help, drill: true }), { priority: 3, tags: ['rotating_light', 'fire_extinguisher'] });
  t.is(idOf, undefined);
});

test('a message never becomes an attachment', (t) => {
  const notice = noticeOf();
  notice.message.lines = Array.from({ length: 20 }, () => '電'.repeat(200));
  const { message } = JSON.parse(ntfy('https://ntfy.sh/topic', undefined).request(notice).body);
  t.true(Buffer.byteLength(message) <= 4096);
  t.regex(message, /電…$/);
});
