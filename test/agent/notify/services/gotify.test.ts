import test from 'ava';
import { gotify } from '../../../../agent/notify/services/gotify.ts';
import { BEGAN, noticeOf } from '../support.ts';

test('a message is plain text, with the page behind it', (t) => {
  const { request, idOf } = gotify('https://home/gotify/', 'AbC');
  const { method, url, headers, body } = request(noticeOf());
  t.is(method, 'POST');
  t.is(url, 'https://home/gotify/message');
  t.is(headers['x-gotify-key'], 'AbC');
  t.deepEqual(JSON.parse(body), {
    title: 'main froze',
    message: 'Last sign of life at 14:03:02 on 15 January.\nIts process did not answer for 2.1 s.',
    priority: 5,
    extras: {
      'client::display': { contentType: 'text/plain' },
      'client::notification': { click: { url: 'http://home:9288/' } },
    },
  });
  t.is(idOf, undefined);
});

test('only a call for help is loud, and no drill is', (t) => {
  const { request } = gotify('https://home', 'AbC');
  const help = { at: BEGAN, why: 'gone' };
  t.is(JSON.parse(request(noticeOf({ help })).body).priority, 8);
  t.is(JSON.parse(request(noticeOf({ help, drill: true })).body).priority, 4);
});
