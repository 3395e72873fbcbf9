import test from 'ava';
import { createLifeSigns } from '../../../agent/notify/life-signs.ts';
import { silentLog, until } from '../../support/system.ts';
import { virtualTime } from '../../support/virtual-time.ts';
import { serve } from './support.ts';

test('each beat is passed on; nobody who listens is no trouble', async (t) => {
  const server = await serve(t, () => ({ status: 200 }));
  const end = new AbortController();
  t.teardown(() => end.abort());
  const deps = { environment: {}, time: virtualTime(), log: silentLog };
  const settings = { url: `${server.url}/uuid`, period: 60_000 };
  const { beat } = await createLifeSigns(settings, deps, end.signal);
  beat(false);
  await until('the ping', 60_000, () => server.received.length === 1);
  t.is(server.received[0]?.path, '/uuid/fail');

  const silent = await createLifeSigns(undefined, deps, end.signal);
  t.notThrows(() => silent.beat(true));
});
