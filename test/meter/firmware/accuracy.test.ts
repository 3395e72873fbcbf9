/** What the firmware measures, from the sensors' volts to the agent's journal, against what truly flowed. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import { type Board, boardTest, type Constants, sharedBench } from '../../support/avr.ts';
import { run } from '../../support/programs.ts';
import { until } from '../../support/system.ts';
import { ENOUGH, type Household, isWhole, startHousehold } from './household.ts';
import { openPort } from './samples.ts';

const test = boardTest();
const bench = sharedBench();

const README = new URL('../../../meter/firmware/README.md', import.meta.url);
const AMPERES = [1, 2, 5, 10, 15, 20, 26];
/** Millivolts RMS at each pin. */
const NOISE = 10;
/** Simulated seconds: at least three windows that began after a change, and their lines. */
const SETTLED = 5.2;
/** Of which the mean is taken. */
const WINDOWS = 3;
/** Of an ACS712-30A, mV/A. */
const SENSITIVITY = 66;

type Pair = [number, number];

/** What both phases are given, A, and what the journal has of it, A. */
type Measure = (amperes: Pair) => Promise<Pair>;

async function startMeasuring(
  t: ExecutionContext,
  constants: Constants = {},
  sensors: Pair = [SENSITIVITY, SENSITIVITY],
): Promise<[Board, Measure]> {
  const board = await bench.start(t, constants);
  await board.tell('sensors', ...sensors);
  const household = await startHousehold(t, board);
  const { readings } = household;
  const missing = await countMissing(board, household);
  const measure: Measure = async (amperes) => {
    await board.tell('amps', ...amperes);
    const { lines, lost } = await board.tell('run', SETTLED);
    await until(`${lines} lines but ${missing} in the journal`, ENOUGH, () => {
      const count = readings().length;
      if (count !== lines - missing) throw new Error(`${count} are, and ${lost} bytes were lost`);
      return true;
    });
    const newest = readings().slice(-WINDOWS);
    return [mean(newest.map(({ current_1 }) => current_1)), mean(newest.map(({ current_2 }) => current_2))];
  };
  return [board, measure];
}

const mean = (values: (number | undefined)[]) =>
  values.reduce((sum: number, value = Number.NaN) => sum + value, 0) / values.length;

/** How many lines were too soon after the opening of the port to be trusted. */
async function countMissing(board: Board, household: Household): Promise<number> {
  const { lines: before } = await board.tell('run', SETTLED);
  await until('a first reading', ENOUGH, () => household.readings().length > 0);
  await board.tell('amps', 7, 7);
  const { lines } = await board.tell('run', SETTLED);
  const settled = lines - before - 1;
  const all = await until(`${settled} readings of 7 A`, ENOUGH, () => {
    const present = household.readings();
    const changed = present.filter(({ current_1 = 0 }) => Math.abs(current_1 - 7) < 0.05);
    return changed.length === settled && isWhole(present) ? present : undefined;
  });
  return lines - all.length;
}

interface Condition {
  title: string;
  hertz: number;
  /** Parts of the fundamental, by order; the sum keeps its RMS. */
  harmonics?: [nth: number, part: number][];
  noise?: number;
  /** Degrees of each half cycle that a dimmer holds back. */
  dimmer?: number;
  /** A; beyond it the peaks of such a current are out of the sensor's range. */
  most?: number;
}

/** Filled valleys, as many lamps make; and high peaks, as power supplies do. */
const FLAT: [number, number][] = [
  [3, 0.3],
  [5, 0.15],
];
const PEAKY: [number, number][] = [
  [3, -0.3],
  [5, 0.15],
];

const CONDITIONS: Condition[] = [
  { title: '50 Hz', hertz: 50 },
  { title: '60 Hz', hertz: 60 },
  { title: '59.9 Hz', hertz: 59.9 },
  { title: '50.1 Hz', hertz: 50.1 },
  { title: '50 Hz, flat', hertz: 50, harmonics: FLAT },
  { title: '60 Hz, peaky', hertz: 60, harmonics: PEAKY, most: 15 },
  { title: '50 Hz, dimmed', hertz: 50, dimmer: 90, most: 15 },
];
const NOISY: Condition[] = [
  { title: '50 Hz, noise', hertz: 50, noise: NOISE },
  { title: '60 Hz, noise', hertz: 60, noise: NOISE },
];

/** Errors of both phases in percent, by current; the second phase has the currents in reverse order. */
async function errorsUnder(condition: Condition, board: Board, measure: Measure): Promise<Map<number, Pair>> {
  const { hertz, harmonics = [], noise = 0, dimmer = 0, most = Number.POSITIVE_INFINITY } = condition;
  const rms = Math.hypot(1, ...harmonics.map(([, part]) => part)) * undimmed(dimmer);
  await board.tell('hz', hertz);
  await board.tell('noise', noise);
  await board.tell('dimmer', dimmer);
  for (const harmonic of harmonics) await board.tell('harmonic', ...harmonic);
  const given = AMPERES.filter((amperes) => amperes <= most);
  const errors = new Map(given.map((amperes): [number, Pair] => [amperes, [Number.NaN, Number.NaN]]));
  for (const [index, first] of given.entries()) {
    const pair: Pair = [first, given.at(-1 - index) ?? Number.NaN];
    const measured = await measure([pair[0] / rms, pair[1] / rms]);
    for (const phase of [0, 1] as const) {
      const row = errors.get(pair[phase]);
      if (row) row[phase] = (measured[phase] / pair[phase] - 1) * 100;
    }
  }
  for (const [nth] of harmonics) await board.tell('harmonic', nth, 0);
  return errors;
}

/** What is left of a sine's RMS. */
const undimmed = (degrees: number) =>
  Math.sqrt(1 - degrees / 180 + Math.sin((degrees * Math.PI) / 90) / (2 * Math.PI));

function percent(error: number): string {
  const size = Math.abs(error).toFixed(2);
  return `${error < 0 && Number(size) > 0 ? '−' : '+'}${size}`;
}

/** Compares with the README's table, or writes it. Another compiler may move a sample by a clock or two. */
function checkReadme(t: ExecutionContext, rows: string[]): void {
  const readme = readFileSync(README, 'utf8');
  const table = /(?<=<!-- accuracy -->\n)[\s\S]*?(?=\n<!-- \/accuracy -->)/;
  const fresh = rows.join('\n');
  if (process.env.UPDATE_README === '1') writeFileSync(README, readme.replace(table, fresh));
  const numbers = (text: string) =>
    [...text.replaceAll('−', '-').matchAll(/[-+]?\d+\.\d+/g)].map(([number]) => Number(number));
  const [old = ''] = table.exec(readFileSync(README, 'utf8')) ?? [];
  const [written, found] = [numbers(old), numbers(fresh)];
  t.true(
    written.length === found.length &&
      found.every((number, index) => Math.abs(number - (written[index] ?? Number.NaN)) < 0.2),
    'run UPDATE_README=1 npx ava test/meter/firmware/accuracy.test.ts',
  );
}

test('from 1 to 26 A within 1 %, and nothing without a current, once the noise is known', async (t) => {
  t.timeout(240_000);
  const [board, measure] = await startMeasuring(t, { STARTING_CURRENT: 0 });
  const columns: [Condition, Map<number, Pair>][] = [];
  for (const condition of CONDITIONS) columns.push([condition, await errorsUnder(condition, board, measure)]);

  // As the README says: without a current, read what it shows, and compile that in.
  await board.tell('noise', NOISE);
  const silent = [await measure([0, 0]), await measure([0, 0]), await measure([0, 0])];
  const noise = [mean(silent.map(([first]) => first)), mean(silent.map(([, second]) => second))];
  t.true(noise.every((current) => current > 0.1));
  const [NOISE_1, NOISE_2] = noise.map((current) => Math.round(current * 1000));
  const [quiet, measureQuiet] = await startMeasuring(t, { NOISE_1: `${NOISE_1}`, NOISE_2: `${NOISE_2}` });
  await quiet.tell('noise', NOISE);
  for (let time = 0; time < 10; time++)
    for (const current of await measureQuiet([0, 0])) t.true(current <= 0.05, `${current} A at zero current`);
  for (const condition of NOISY) columns.push([condition, await errorsUnder(condition, quiet, measureQuiet)]);

  const rows = AMPERES.map((amperes) => {
    const cells = columns.map(([, errors]) => errors.get(amperes)?.map(percent).join(' / ') ?? '–');
    return `| ${amperes} A | ${cells.join(' | ')} |`;
  });
  const titles = columns.map(([{ title }]) => title);
  const table = [`| | ${titles.join(' | ')} |`, `|---|${'---|'.repeat(titles.length)}`, ...rows];
  t.log(table.join('\n'));
  for (const [{ title }, errors] of columns)
    for (const [amperes, pair] of errors)
      for (const error of pair) t.true(Math.abs(error) <= 1, `${title}, ${amperes} A: ${error} %`);
  checkReadme(t, table);
});

test('where the sensor rests, and how far apart the phases are, makes no difference', async (t) => {
  const [board, measure] = await startMeasuring(t);
  for (const lag of [0, 90, 120, 240])
    for (const rest of [2300, 2500, 2650]) {
      await board.tell('lag', lag);
      await board.tell('rest', rest);
      const [first, second] = await measure([10, 20]);
      t.true(Math.abs(first / 10 - 1) < 0.01 && Math.abs(second / 20 - 1) < 0.01, `${first} ${second}`);
    }
});

test('a hob that switches itself on and off is charged what flows', async (t) => {
  const board = await bench.start(t);
  const read = await openPort(t, board);
  // Not of the windows' length, so that they are cut anywhere.
  for (let time = 0; time < 20; time++) {
    await board.tell('amps', 10, 20);
    await board.tell('run', 5.013);
    await board.tell('amps', 0, 2);
    await board.tell('run', 5);
  }
  await board.tell('amps', 0, 0);
  const { charge } = await board.tell('run', 3);
  const counted = (await read()).at(-1)?.ampereSeconds ?? [];
  t.is(counted.length, 2);
  for (const [phase, coulombs] of counted.entries()) {
    const error = (coulombs / (charge[phase] ?? Number.NaN) - 1) * 100;
    t.true(Math.abs(error) < 1, `${error} %`);
  }
});

test('sensors of other kinds are measured by their constants', async (t) => {
  const [, measure] = await startMeasuring(t, { GAIN_1: 'ACS712_05', GAIN_2: 'SCT_013_030' }, [
    185,
    1000 / 30,
  ]);
  const [first, second] = await measure([3, 25]);
  t.true(Math.abs(first / 3 - 1) < 0.01 && Math.abs(second / 25 - 1) < 0.01, `${first} ${second}`);
});

test('it fits: 4 kB of flash, 256 B of memory', (t) => {
  const sizes = run('avr-size', '-C', '--mcu=atmega328p', bench.build());
  const [program, data] = ['Program', 'Data'].map((name) =>
    Number(new RegExp(`${name}: +(\\d+) bytes`).exec(sizes)?.[1]),
  );
  t.log(`${program} B of flash, ${data} B of memory`);
  t.true((program ?? Number.NaN) <= 4096);
  t.true((data ?? Number.NaN) <= 256);
});
