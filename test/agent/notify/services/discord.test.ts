import test from 'ava';
import { discord } from '../../../../agent/notify/services/discord.ts';
import { noticeOf } from '../support.ts';

const url = 'https://discord.com/api/webhooks/1/t0ken?thread_id=7';

test('a message is posted so that its id comes back, and calls nobody', (t) => {
  const { method, url: address, headers, body } = discord(url).request(noticeOf());
  t.is(method, 'POST');
  t.is(address, 'https://discord.com/api/webhooks/1/t0ken?thread_id=7&wait=true');
  t.is(headers['content-type'], 'application/json');
  t.deepEqual(JSON.parse(body), {
    embeds: [
      {
        title: 'main froze',
        description: 'Last sign of life at 14:03:02 on 15 January.\nIts process did not answer for 2.1 s.',
        color: 0xe8a33d,
        timestamp: '2026-01-15T14:03:04.400Z',
        url: 'http://home:9288/',
      },
    ],
    allowed_mentions: { parse: [] },
  });
});

test('it is edited in place', (t) => {
  const { method, url: address, body } = discord(url).request(noticeOf({ recovered: 1 }), '42');
  t.is(method, 'PATCH');
  t.is(address, 'https://discord.com/api/webhooks/1/t0ken/messages/42?thread_id=7');
  t.is(JSON.parse(body).embeds[0].color, 0x3da35d);
});

test('what comes from outside is no markup', (t) => {
  const { body } = discord(url).request(noticeOf({ verdict: '@everyone <@1> **x** _y_ `z` [a](b) \\' }));
  t.is(
    JSON.parse(body).embeds[0].description.split('\n')[1],
    '@everyone \\<@1\\> \\*\\*x\\*\\* \\_y\\_ \\`z\\` \\[a\\](b) \\\\.',
  );
});

test('the id is read from the answer, whatever it is', (t) => {
  const { idOf } = discord(url);
  t.is(idOf?.({ id: '42' }), '42');
  for (const answer of [undefined, null, 'ok', { id: 42 }, {}]) t.is(idOf?.(answer), undefined);
});
