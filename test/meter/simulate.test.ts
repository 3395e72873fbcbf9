import test from 'ava';
import fc from 'fast-check';
import { createPanelDecoder } from '../../meter/decoders/panel.ts';
import { simulatedLine, simulatedPort } from '../../meter/simulate.ts';
import { virtualTime } from '../support/virtual-time.ts';

const YEAR = 366 * 24 * 3600;
const U32 = 2 ** 32;

function read(text: string) {
  const decoder = createPanelDecoder({ phases: 2, maxCurrent: 200, atLineStart: true });
  const { samples, rejects } = decoder.push(Buffer.from(text, 'latin1'));
  return { samples, rejects };
}

function at(seconds: number) {
  const { samples } = read(simulatedLine(7, 1, seconds));
  const { phases = [], counter } = samples[0] ?? {};
  return {
    currents: phases.map(({ current = 0 }) => current),
    charges: counter?.ampereSeconds ?? [],
    meteredMs: counter?.meteredMs ?? Number.NaN,
  };
}

const moment = fc.integer({ min: 0, max: YEAR * 1000 }).map((ms) => ms / 1000);

test('every line of a year is one the panel’s decoder reads', (t) => {
  fc.assert(
    fc.property(fc.nat(255), fc.nat(U32 - 1), moment, (boot, seq, seconds) => {
      const { samples, rejects } = read(simulatedLine(boot, seq, seconds));
      t.deepEqual(rejects, []);
      t.like(samples, [{ counter: { boot, seq, meteredMs: Math.round(seconds * 1000) % U32 } }]);
    }),
  );
});

test('the charge is the integral of the current', (t) => {
  // Loads switch on whole seconds, so that the current between two of them is that at the first.
  fc.assert(
    fc.property(fc.nat(YEAR), fc.integer({ min: 1, max: 4000 }), (start, length) => {
      const before = at(start).charges;
      const after = at(start + length).charges;
      const integral = [0, 0];
      for (let second = start; second < start + length; second += 1)
        for (const [phase, current] of at(second).currents.entries())
          integral[phase] = (integral[phase] ?? 0) + current;
      for (const [phase, sum] of integral.entries()) {
        const charge = (after[phase] ?? 0) - (before[phase] ?? 0);
        // Counts are whole ampere-seconds.
        t.true(Math.abs(charge - sum) <= 1 + 1e-6, `${charge} A·s counted, ${sum} A·s drawn`);
      }
    }),
    { numRuns: 15 },
  );
});

test('charge never goes back', (t) => {
  fc.assert(
    fc.property(moment, moment, (one, other) => {
      const earlier = at(Math.min(one, other)).charges;
      const later = at(Math.max(one, other)).charges;
      t.true(later.every((charge, phase) => charge >= (earlier[phase] ?? 0)));
    }),
  );
});

test('both phases draw something at any time, and no fuse would mind', (t) => {
  fc.assert(
    fc.property(moment, (seconds) => {
      t.true(at(seconds).currents.every((current) => current > 0 && current < 50));
    }),
  );
});

test('a part of the household draws no more than the whole, and no two parts are alike', (t) => {
  const line = (part: number, seconds: number) => read(simulatedLine(7, 1, seconds, part)).samples[0];
  const histories = Array.from({ length: 12 }, (_, part) =>
    Array.from({ length: 500 }, (_, hour) => line(part + 1, hour * 777)?.counter?.ampereSeconds.join()),
  );
  t.is(new Set(histories.map(String)).size, 12);
  fc.assert(
    fc.property(moment, fc.integer({ min: 1, max: 5 }), (seconds, part) => {
      const [whole, own] = [line(0, seconds), line(part, seconds)];
      for (const [phase, { current = 0 }] of (own?.phases ?? []).entries())
        t.true(current <= (whole?.phases[phase]?.current ?? 0));
    }),
  );
});

test('the port sends a line each cadence, and goes on counting while it is closed', async (t) => {
  const time = virtualTime();
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const { createPort } = simulatedPort(1200, { time }, stop.signal);
  const port = createPort();
  let text = '';
  port.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  const open = () => new Promise<void>((resolve) => port.open(() => resolve()));
  await open();
  await time.advance(3600);
  await new Promise<void>((resolve) => port.close(() => resolve()));
  await time.advance(12_000);
  await open();
  await time.advance(2400);
  const { samples, rejects } = read(text);
  t.deepEqual(rejects, []);
  const numbers = samples.map(({ counter }) => counter?.seq ?? 0);
  const [first = 0] = numbers;
  t.deepEqual(
    numbers.map((seq) => seq - first),
    [0, 1, 2, 13, 14],
  );
});
