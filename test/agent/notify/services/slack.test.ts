import test from 'ava';
import { slack } from '../../../../agent/notify/services/slack.ts';
import { noticeOf } from '../support.ts';

const url = 'https://hooks.slack.com/services/T/B/x';

test('a message is an attachment with its colour; it calls nobody', (t) => {
  const { request, idOf } = slack(url);
  const sent = request(noticeOf({ verdict: '<!channel> a & b' }));
  t.is(sent.method, 'POST');
  t.is(sent.url, url);
  t.deepEqual(JSON.parse(sent.body), {
    attachments: [
      {
        color: '#e8a33d',
        title: 'main froze',
        text: 'Last sign of life at 14:03:02 on 15 January.\n&lt;!channel&gt; a &amp; b.',
        fallback: 'main froze',
        mrkdwn_in: [],
        title_link: 'http://home:9288/',
      },
    ],
  });
  t.is(idOf, undefined);
});
