import test from 'ava';
import { createPanelDecoder } from '../../meter/decoders/panel.ts';
import { Device, lineNumber } from './device.ts';

test('each line is one of the panel, tells its number and counts its own currents', (t) => {
  const device = new Device();
  const decoder = createPanelDecoder({ phases: 2, maxCurrent: 200, atLineStart: true });
  const sums = [0, 0];
  let start: number[] = [];
  let wrapped = 0;
  for (let number = 1; number <= 45_000; number++) {
    const line = device.measure(15);
    const { samples, rejects } = decoder.push(Buffer.from(line.text));
    const [{ phases, counter } = { phases: [] }] = samples;
    const currents = phases.map(({ current = 0 }) => current);
    if (samples.length !== 1 || counter === undefined) return t.fail(`${line.text}: ${rejects}`);
    const [current_1 = 0, current_2 = 0] = currents;
    if (lineNumber({ current_1, current_2 }) !== number) return t.fail(line.text);
    for (const [index, current] of currents.entries()) sums[index] = (sums[index] ?? 0) + current * 0.015;
    if (number === 1) start = counter.ampereSeconds;
    const grown = counter.ampereSeconds.map(
      (count, index) => (count - (start[index] ?? 0) + 2 ** 32) % 2 ** 32,
    );
    if (grown.some((count, index) => Math.abs(count - (sums[index] ?? 0)) > 1)) return t.fail(line.text);
    if (counter.ampereSeconds.some((count) => count < 2 ** 31)) wrapped += 1;
  }
  t.true(wrapped > 0);
});
