import test from 'ava';
import { mattermost } from '../../../../agent/notify/services/mattermost.ts';
import { noticeOf } from '../support.ts';

const url = 'https://chat.example/hooks/x';

test('a message is an attachment with its colour; it is no markup and calls nobody', (t) => {
  const { request, idOf } = mattermost(url);
  const sent = request(noticeOf({ verdict: '@channel **x**' }));
  t.is(sent.method, 'POST');
  t.is(sent.url, url);
  t.deepEqual(JSON.parse(sent.body), {
    attachments: [
      {
        color: '#e8a33d',
        title: 'main froze',
        text: 'Last sign of life at 14:03:02 on 15 January.\n@\u200bchannel \\*\\*x\\*\\*.',
        fallback: 'main froze',
        title_link: 'http://home:9288/',
      },
    ],
  });
  t.is(idOf, undefined);
});
