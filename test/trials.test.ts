/** Short trials of whatever is no reason to restart anything; `npm run trials` does hundreds, and with Docker. */
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from './chaos/schedule.ts';
import { fakeClock } from './support/faketime.ts';
import { realTest } from './support/real.ts';
import { startHouse } from './trials/house.ts';
import { HOLD, KINDS, type Kind, type KindName } from './trials/kinds.ts';
import { playTrial } from './trials/run.ts';

/** After these, an agent is patient for half a minute: they come last. */
const BLINDING: KindName[] = ['broker-kill', 'broker-stop', 'agent-stop'];
const OTHERS: KindName[] = ['clock', 'cpu', 'slow'];

realTest('socat', 'mosquitto')('nothing healthy is restarted, three times for each kind', async (t) => {
  t.timeout(300_000);
  const houses = BLINDING.flatMap((last) => OTHERS.map((first) => [first, last]));
  await Promise.all(
    houses.map(async (kinds, number) => {
      const random = seeded(number + 1);
      const house = await startHouse(t, {
        name: kinds.join(', then '),
        broker: kinds.includes('agent-stop') && number % 2 === 0 ? 'embedded' : 'mosquitto',
        clock: fakeClock(t),
        entry: 'cli/main.ts',
        stallAfter: 5000,
      });
      await sleep(HOLD);
      for (const name of kinds) {
        const kind: Kind = KINDS[name];
        const { wrong } = await playTrial(house, kind, random, true);
        t.deepEqual(wrong, [], name);
      }
    }),
  );
});
