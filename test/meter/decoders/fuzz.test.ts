import test from 'ava';
import { FORMATS } from './formats.ts';
import { allowance, fuzz } from './fuzz.ts';

/** Of each format, in all its variants together. */
const FRAMES = process.env.REQUIRE_REAL === '1' ? 1_000_000 : 40_000;

for (const variants of Object.values(FORMATS)) {
  const frames = Math.ceil(FRAMES / variants.length);
  for (const variant of variants)
    test.serial(`${variant.name}: of ${frames} damaged frames no more pass than its check can miss`, (t) => {
      const { corrupt, deaf, seconds } = fuzz(variant, frames);
      t.log(`${corrupt} passed (${variant.fuzz.why}); ${(frames / seconds).toFixed(0)} frames/s`);
      t.true(corrupt <= allowance(variant, frames), `${corrupt} passed, ${allowance(variant, frames)} may`);
      t.is(deaf, 0, 'whole frames after a whole frame must be read');
    });
}
