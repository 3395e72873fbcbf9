/** What the firmware's counts outlive, read without a meter between. */
import type { ExecutionContext } from 'ava';
import type { Counter } from '../../../meter/decoders/decoder.ts';
import { type Board, boardTest, sharedBench } from '../../support/avr.ts';
import { openPort } from './samples.ts';

const test = boardTest();
const bench = sharedBench();

/** From line to line, and the time a line takes. */
const WINDOW = 1.2;
const LINE = 0.1;
/** Between these the first line after a reset is measured and its counts are saved, but its line has not begun. */
const SAVING = { from: 1.2013, to: 1.2018, step: 12e-6 };

const AMPERES = [10, 5];

/** Whether it counted as many windows of the given currents as it says, from 0 on. */
function isWhole({ seq, meteredMs, ampereSeconds }: Counter): boolean {
  const isNear = (count: number, phase: number) => {
    const truth = seq * WINDOW * (AMPERES[phase] ?? Number.NaN);
    return Math.abs(count - truth) <= 1 + truth * 0.002;
  };
  return meteredMs === seq * 1200 && ampereSeconds.every(isNear);
}

async function start(t: ExecutionContext): Promise<{ board: Board; read: () => Promise<Counter[]> }> {
  const board = await bench.start(t);
  await board.tell('amps', ...AMPERES);
  return { board, read: await openPort(t, board) };
}

test('a line comes every 1.2 s, and counts what flowed', async (t) => {
  const { board, read } = await start(t);
  const { charge, stack } = await board.tell('run', 50 * WINDOW + LINE);
  const counters = await read();
  t.deepEqual(
    counters.map(({ seq }) => seq),
    counters.map((_counter, index) => index + 1),
  );
  t.is(counters.length, 50);
  t.true(counters.every(isWhole));
  for (const [phase, counted] of (counters.at(-1)?.ampereSeconds ?? []).entries())
    t.true(Math.abs(counted / (charge[phase] ?? Number.NaN) - 1) < 0.005);
  t.log(`${stack} B on the stack at most`);
  t.true(stack > 0 && stack <= 256);
});

test('when sampling stands still, the watchdog resets it in two seconds, and the counts go on', async (t) => {
  const { board, read } = await start(t);
  const { resets } = await board.tell('run', 3 * WINDOW + LINE);
  const last = (await read()).at(-1);
  const stalled = await board.tell('stall');
  let now = stalled;
  while (now.resets === resets && now.seconds < stalled.seconds + 10) now = await board.tell('run', 0.05);
  t.is(now.resets, resets + 1);
  // The watchdog's own oscillator makes 2 s of it, from the last window on.
  t.true(now.seconds - stalled.seconds < 2.1, `${now.seconds - stalled.seconds} s`);
  await board.tell('run', WINDOW + LINE);
  const [next] = await read();
  t.like(next, { boot: last?.boot, seq: (last?.seq ?? Number.NaN) + 1 });
  t.true(next !== undefined && isWhole(next));
});

test('a reset by DTR, bootloader and all, takes what was measured since the last line and nothing else', async (t) => {
  const { board, read } = await start(t);
  await board.tell('run', WINDOW + LINE);
  const [first] = await read();
  for (let reset = 1; reset <= 20; reset++) {
    await board.tell('reset');
    // From a reset amid a window, or amid its line.
    await board.tell('run', WINDOW + (reset % 2 === 0 ? LINE : 0.03));
  }
  await board.tell('reset');
  await board.tell('run', WINDOW + LINE);
  const last = (await read()).at(-1);
  t.like(last, { boot: first?.boot, seq: 22 });
  t.true(last !== undefined && isWhole(last));
});

test('a reset amid a line costs that line, and not the next one, too', async (t) => {
  const { board, read } = await start(t);
  await board.tell('run', 2 * WINDOW + LINE / 5);
  t.is((await read()).length, 1);
  await board.tell('reset');
  await board.tell('run', WINDOW + LINE);
  t.deepEqual(
    (await read()).map(({ seq }) => seq),
    [3],
  );
});

test('a reset at any moment while the counts are being saved spoils none of them', async (t) => {
  const { board, read } = await start(t);
  const grown = new Set<number>();
  await board.tell('run', WINDOW + LINE);
  const [{ boot, seq: first } = { boot: 0, seq: 0 }] = await read();
  let before = first;
  await board.tell('reset');
  for (let moment = SAVING.from; moment < SAVING.to; moment += SAVING.step) {
    await board.tell('run', moment);
    await board.tell('reset');
    await board.tell('run', WINDOW + LINE);
    const [counter, ...more] = await read();
    t.deepEqual(more, []);
    if (counter === undefined) return t.fail('there was no line');
    t.is(counter.boot, boot);
    t.true(isWhole(counter), JSON.stringify(counter));
    grown.add(counter.seq - before);
    before = counter.seq;
    await board.tell('reset');
  }
  t.deepEqual([...grown].toSorted(), [1, 2], 'from before the saving to after it');
});

test('a loss of power has another number, and counts from zero', async (t) => {
  const { board, read } = await start(t);
  const boots: number[] = [];
  for (let times = 0; times < 3; times++) {
    await board.tell('run', 2 * WINDOW + LINE);
    const last = (await read()).at(-1);
    if (last === undefined) return t.fail('there was no line');
    t.is(last.seq, 2);
    t.true(isWhole(last));
    boots.push(last.boot);
    await board.tell('blackout');
  }
  t.is(new Set(boots).size, 3);
});
