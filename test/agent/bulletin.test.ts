import test from 'ava';
import { Bulletin } from '../../agent/bulletin.ts';
import { RetryError } from '../../shared/errors.ts';
import type { PublishOptions, Session } from '../../shared/mqtt.ts';

function fakeSession(fails = false) {
  const published: [topic: string, payload: string, options: PublishOptions | undefined][] = [];
  const session: Session = {
    signal: new AbortController().signal,
    async publish(...message) {
      if (fails) throw new Error('gone');
      published.push(message as (typeof published)[number]);
    },
    async subscribe() {},
    async unsubscribe() {},
  };
  return { session, published };
}

test('what is no more is forgotten, by the broker and by us', (t) => {
  const bulletin = new Bulletin();
  const first = fakeSession();
  bulletin.attach(first.session);
  bulletin.post('watch', 'healthy');
  bulletin.retract('watch');
  t.deepEqual(first.published.at(-1), ['watch', '', { retain: true }]);
  const second = fakeSession();
  bulletin.attach(second.session);
  t.deepEqual(second.published, []);
});

test('a command goes out at once, or says that it cannot', async (t) => {
  const bulletin = new Bulletin();
  await t.throwsAsync(bulletin.command('x', 'reopen'), { instanceOf: RetryError });
  const { session, published } = fakeSession();
  bulletin.attach(session);
  await bulletin.command('x', 'reopen');
  t.deepEqual(published[0]?.slice(0, 2), ['x', 'reopen']);
});

test('what is current is retained, and said again to every new session; events are said once', (t) => {
  const bulletin = new Bulletin();
  bulletin.post('state', 'online');
  bulletin.tell('event', { lost: true });
  const first = fakeSession();
  bulletin.attach(first.session);
  t.deepEqual(first.published, [['state', 'online', { retain: true }]]);
  bulletin.post('watch', { state: 'learning' });
  bulletin.post('watch', { state: 'healthy' });
  bulletin.tell('event', { event: 'stalled' });
  t.deepEqual(first.published.slice(1), [
    ['watch', '{"state":"learning"}', { retain: true }],
    ['watch', '{"state":"healthy"}', { retain: true }],
    ['event', '{"event":"stalled"}', { retain: false }],
  ]);
  const second = fakeSession();
  bulletin.attach(second.session);
  t.deepEqual(second.published, [
    ['state', 'online', { retain: true }],
    ['watch', '{"state":"healthy"}', { retain: true }],
  ]);
});

test('a session that is gone disturbs nobody', async (t) => {
  const bulletin = new Bulletin();
  bulletin.attach(fakeSession(true).session);
  bulletin.post('state', 'x');
  bulletin.tell('event', {});
  await new Promise((resolve) => setImmediate(resolve));
  t.pass();
});
