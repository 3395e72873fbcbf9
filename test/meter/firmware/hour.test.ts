/** An hour of a household's load, whose reader is killed again and again. */
import { boardTest, sharedBench } from '../../support/avr.ts';
import { until } from '../../support/system.ts';
import { ENOUGH, energyOf, energyOfCharge, isOver, listening, startHousehold } from './household.ts';

const test = boardTest();
const bench = sharedBench();

/** Amperes of each phase, one after the other, each for the same part of the hour. */
const FIRST = [0.4, 1.2, 12.5, 12.5, 3.3, 3.3, 21.7, 25.9, 8.8, 8.8, 0.6, 0.6];
const SECOND = [0.9, 0.9, 0.9, 14.2, 14.2, 2.1, 2.1, 24.8, 24.8, 5.5, 5.5, 1.4];
const HOUR = 3600;
/** Of the board's seconds; some forty of them pass in one of ours. */
const STEP = 20;
/** Steps between two kills. */
const KILL_EVERY = 25;

test('the energy in the journal is that of the hour, whatever befell the reader', async (t) => {
  t.timeout(600_000);
  const board = await bench.start(t);
  const household = await startHousehold(t, board);
  await board.tell('run', 3);
  await until('a first reading', ENOUGH, () => household.readings().length > 0);

  let kills = 0;
  for (let step = 0; step < HOUR / STEP; step++) {
    const part = Math.floor((step * STEP * FIRST.length) / HOUR);
    await board.tell('amps', FIRST[part] ?? 0, SECOND[part] ?? 0);
    const running = board.tell('run', STEP);
    if (step % KILL_EVERY === KILL_EVERY - 1) {
      await household.endMeter('SIGKILL');
      household.startMeter();
      kills++;
    }
    await running;
  }
  await board.tell('amps', 0, 0);
  await listening(board);
  const { charge, lines, seconds } = await board.tell('run', 5);
  const readings = await until('the last reading', ENOUGH, () => {
    const all = household.readings();
    return isOver(all) ? all : undefined;
  });

  const [energy, truth] = [energyOf(readings), energyOfCharge(charge)];
  const error = (energy / truth - 1) * 100;
  t.log(
    `${seconds.toFixed(0)} s, ${kills} kills, ${readings.length} readings of ${lines} lines: ` +
      `${energy.toFixed(4)} kWh of ${truth.toFixed(4)} kWh, ${error.toFixed(3)} %`,
  );
  t.true(kills >= 5);
  t.true(readings.length < lines, 'nothing was read while there was no reader');
  t.true(Math.abs(error) < 1);
  t.true(Math.abs((readings.at(-1)?.energy ?? 0) - energy) < 1e-6, 'the total is the sum of its parts');
});
