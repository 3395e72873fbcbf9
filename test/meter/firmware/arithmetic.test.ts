/** The firmware's arithmetic, compiled for this computer with every sanitizer. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { createPanelDecoder } from '../../../meter/decoders/panel.ts';
import { run } from '../../support/programs.ts';
import { realTest } from '../../support/real.ts';
import { temporaryFolder } from '../../support/system.ts';

const test = realTest('cc', 'make');
/** mA; see line.h. */
const MOST = 99_499;

test('roots, currents, noise, charge, checksum and lines; and what it prints is what the decoder reads', (t) => {
  t.timeout(240_000);
  const build = temporaryFolder(t);
  const said = run(
    'make',
    '--no-print-directory',
    '-C',
    'meter/firmware',
    `BUILD=${build}`,
    'STRICT=-Werror',
    'check',
  );
  t.regex(said, /\nRMS: at most \d/);
  t.log(said.slice(said.indexOf('RMS')).trim());

  const u32 = fc.nat(2 ** 32 - 1);
  const milliamperes = fc.oneof(fc.nat(MOST), fc.nat(200_000));
  const values = fc.sample(fc.tuple(fc.nat(255), u32, u32, milliamperes, milliamperes, u32, u32), {
    numRuns: 5000,
    seed: 1,
  });
  const lines = execFileSync(join(build, 'arithmetic'), ['lines'], {
    input: values.map((row) => `${row.join(' ')}\n`).join(''),
  });
  const decoder = createPanelDecoder({ phases: 2, maxCurrent: 100, atLineStart: true });
  const { samples, rejects } = decoder.push(lines);
  t.deepEqual(rejects, []);
  t.is(samples.length, values.length);
  for (const [index, [boot, seq, meteredMs, first, second, ...ampereSeconds]] of values.entries())
    t.like(samples[index], {
      phases: [first, second].map((current) => ({ current: Math.min(current, MOST) / 1000 })),
      counter: { boot, seq, meteredMs, ampereSeconds },
    });
});
