/** What befalls the board, as the real meter and the real agent see it. */
import type { ExecutionContext } from 'ava';
import { type Board, boardTest, sharedBench } from '../../support/avr.ts';
import { until } from '../../support/system.ts';
import {
  ENOUGH,
  energyOf,
  energyOfCharge,
  type Household,
  isOver,
  listening,
  startHousehold,
} from './household.ts';

const test = boardTest();
const bench = sharedBench();

async function start(
  t: ExecutionContext,
  ...settings: string[]
): Promise<{ board: Board; household: Household }> {
  t.timeout(240_000);
  const board = await bench.start(t);
  return { board, household: await startHousehold(t, board, ...settings) };
}

/** Runs it for a first reading. */
async function begin(board: Board, readings: Household['readings']): Promise<void> {
  await board.tell('run', 3);
  await until('a first reading', ENOUGH, () => readings().length > 0);
}

/** Gives the board no current, so that all that flowed is counted, and waits until the journal has the last line. */
async function settle(board: Board, { readings }: Household) {
  await board.tell('amps', 0, 0);
  const { charge } = await board.tell('run', 4);
  const all = await until('a reading without power', ENOUGH, () => {
    const present = readings();
    return isOver(present) ? present : undefined;
  });
  return { all, charge };
}

test('watchdog and reader’s resets cost a line each, and nothing that was counted', async (t) => {
  const { board, household } = await start(t);
  await board.tell('autoreset', 1);
  await begin(board, household.readings);
  await board.tell('amps', 20, 10);
  await board.tell('run', 60);
  const { resets } = await board.tell('status');

  await board.tell('stall');
  await board.tell('run', 5);
  // Whoever opens an Uno's port resets it.
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    await household.endMeter(signal);
    await board.tell('run', 10);
    household.startMeter();
    await listening(board);
    await board.tell('run', 60);
  }
  const { all, charge } = await settle(board, household);
  t.is((await board.tell('status')).resets, resets + 3);
  t.true(all.every(({ gap_cause }) => gap_cause !== 'device'));
  const [energy, truth] = [energyOf(all), energyOfCharge(charge)];
  t.true(energy < truth, 'the windows that were cut short');
  t.true(energy > truth - energyOfCharge([20 * 6, 10 * 6]), `${energy} kWh of ${truth} kWh`);
});

test('garbage, flipped bits and a mute line cost lines; what they would have told comes with the next', async (t) => {
  const { board, household } = await start(t);
  await begin(board, household.readings);
  await board.tell('amps', 20, 10);
  for (let round = 0; round < 10; round++) {
    await board.tell('garbage', 100 * round);
    await board.tell('run', 10);
  }
  await board.tell('flip', 0.01);
  await board.tell('run', 120);
  await board.tell('flip', 0);
  await board.tell('mute', 1);
  await board.tell('run', 30);
  await board.tell('mute', 0);
  await board.tell('run', 5);
  const { all, charge } = await settle(board, household);
  const { lines } = await board.tell('status');
  t.true(all.length < lines - 30, `${all.length} readings of ${lines} lines`);
  for (const { current_1 = Number.NaN, current_2 = Number.NaN } of all)
    t.true(current_1 <= 20.2 && current_2 <= 10.1, `${current_1} ${current_2}`);
  t.true(Math.abs(energyOf(all) / energyOfCharge(charge) - 1) < 0.005);
});

test('pulled out, it loses its power: the time nobody metered is told', async (t) => {
  const { board, household } = await start(t, '--meter.max_gap', '3s');
  const { readings } = household;
  await board.tell('amps', 20, 10);
  await board.tell('speed', 1);
  await until('readings', ENOUGH, () => readings().length >= 2);
  await board.tell('unplug');
  const pulled = Date.now();
  await until('some seconds to pass', ENOUGH, () => Date.now() - pulled > 5000);
  await board.tell('plug');
  const back = await until('a reading after it', ENOUGH, () =>
    readings().find(({ gap_seconds = 0 }) => gap_seconds > 0),
  );
  t.true((back.gap_seconds ?? 0) > 5, JSON.stringify(back));
  // Between the two, the currents are known: what flowed unmetered is estimated, apart from the totals.
  const seconds = ((back.gap_estimated_energy ?? 0) * 3_600_000) / (120 * 30);
  t.true(seconds > 4 && seconds <= (back.gap_seconds ?? 0), `${seconds} s`);
  const count = readings().length;
  await until('more', ENOUGH, () => readings().length > count + 1);
  t.is(readings().at(-1)?.current_1?.toFixed(1), '20.0');
});

test('what is beyond the sensor’s range lights the lamp, and reads too little', async (t) => {
  const { board, household } = await start(t);
  await begin(board, household.readings);
  let current = 0;
  /** The lamp, and the current, another one than before, once two windows in a row have told it. */
  const given = async (amperes: number) => {
    await board.tell('amps', amperes, 1);
    const { lamp } = await board.tell('run', 4);
    const former = current;
    current = await until(`what is read of ${amperes} A`, ENOUGH, () => {
      const [one = former, next = former] = household
        .readings()
        .slice(-2)
        .map(({ current_1 }) => current_1);
      return Math.abs(next - one) < 0.1 && Math.abs(next - former) > 1 ? next : undefined;
    });
    return { lamp, current };
  };
  t.like(await given(26), { lamp: false });
  const beyond = await given(30);
  t.true(beyond.lamp);
  t.true(beyond.current > 28 && beyond.current < 29.5, `${beyond.current} A`);
  t.like(await given(26), { lamp: false });
});
