import { setTimeout as sleep } from 'node:timers/promises';
import { type BrokerName, CADENCE, type House, LAMP, METER } from './house.ts';
import { joinBurst, limit, mayLimit } from './starve.ts';

/** Something that happens to a house, and for which nobody in it is to blame. */
export interface Kind {
  what: string;
  /** Programs it needs. */
  needs: readonly string[];
  /** The brokers of the houses, in turn. */
  brokers: readonly BrokerName[];
  hasClock?: true;
  /** Each trial wants an agent that has learned nothing from the last. */
  renews?: true;
  /** ms for which the house is looked at afterwards: longer than whatever makes the agent patient. */
  settleMs: number;
  /** Resolves when it is over. @param random a number in [0, 1) @param brief in a test, which has no time */
  disturb(house: House, random: () => number, brief: boolean): Promise<void>;
}

const HOUR = 3_600_000;
/** ms; after its start and after trouble of its own, an agent takes silence for guilt only when 30 s are over. */
export const HOLD = 31_000;
/** ms; twice as long as a silence that convicts takes. */
const WATCHED = 20_000;

export const KINDS = {
  'broker-kill': {
    what: 'the broker is killed and comes back after 0.2 to 20 s',
    needs: ['socat', 'mosquitto'],
    brokers: ['mosquitto'],
    settleMs: HOLD,
    async disturb({ broker }, random, brief) {
      await broker?.kill();
      await sleep(200 * (brief ? 20 : 100) ** random());
      broker?.start();
    },
  },
  'broker-stop': {
    what: 'the broker stands still (SIGSTOP) for 1 to 20 s',
    needs: ['socat', 'mosquitto'],
    brokers: ['mosquitto'],
    settleMs: HOLD,
    async disturb({ broker }, random, brief) {
      await standStill(broker?.pid, 1000 * (brief ? 5 : 20) ** random());
    },
  },
  'agent-stop': {
    what: 'the agent stands still (SIGSTOP) for 10 s; with the embedded broker in it, or beside Mosquitto',
    needs: ['socat', 'mosquitto'],
    brokers: ['embedded', 'mosquitto'],
    settleMs: HOLD,
    async disturb({ agent }, _random, brief) {
      await standStill(agent, brief ? 6000 : 10_000);
    },
  },
  clock: {
    what: 'the clock of agent and meter steps by an hour, either way',
    needs: ['socat'],
    brokers: ['embedded'],
    hasClock: true,
    settleMs: WATCHED,
    async disturb(house, random) {
      // An hour off, or back from there.
      house.offset = house.offset === 0 ? (random() < 0.5 ? -HOUR : HOUR) : 0;
      house.clock?.set(house.offset);
    },
  },
  cpu: {
    what: 'starved for 10 s: 2 to 20 % of a processor for meter, agent or both, or 4 to 8 others want each processor',
    needs: ['socat'],
    brokers: ['embedded'],
    settleMs: HOLD,
    async disturb({ agent, meter }, random, brief) {
      const ms = brief ? 3000 : 10_000;
      // In a test there are others, who want to get on.
      const way = Math.floor(random() * (brief ? 3 : 4));
      const starved = [[agent], [meter ?? agent], [agent, meter ?? agent]][way];
      if (starved === undefined || !mayLimit())
        return await joinBurst(brief ? 2 : 4 + Math.round(random() * 4), ms, brief ? 1000 : undefined);
      await limit(starved, 0.02 * 10 ** random(), ms);
    },
  },
  slow: {
    what: 'the meter’s device or the lamp takes 3 times as long from one message to the next as was learned',
    needs: ['socat'],
    brokers: ['embedded'],
    renews: true,
    settleMs: 0,
    async disturb({ slowness }, random, brief) {
      await sleep(CADENCE * random());
      const who = random() < 0.5 ? METER : LAMP;
      slowness[who] = 3;
      await sleep(brief ? 5000 : WATCHED);
      slowness[who] = 1;
    },
  },
} satisfies Record<string, Kind>;

export type KindName = keyof typeof KINDS;

async function standStill(pid: number | undefined, ms: number): Promise<void> {
  if (pid === undefined) return;
  process.kill(pid, 'SIGSTOP');
  await sleep(ms);
  process.kill(pid, 'SIGCONT');
}
