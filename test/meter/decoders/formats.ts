/**
 * What `contract.test.ts`, `fuzz.test.ts` and `golden.test.ts` run every format against.
 *
 * To add a format, or a dialect of one: give `golden/<format>.ts` a `Variant` (see `golden/variant.ts`),
 * with four good frames or more, a generator of random ones, and the share of damaged ones that its own
 * check cannot notice. All the promises of the contract are then tried on it; nothing else is to be written.
 *
 * To add a real capture: put it into `golden/<format>/` as `<name>.txt` (text; line ends become CRLF),
 * `.hex` (hexadecimal, `#` starts a comment) or `.bin`, and beside it `<name>.json` with what it says:
 * `{ "options": {…}, "samples": […], "rejects": […], "remarks": […] }`, all but `samples` optional.
 * Without that file the test fails and prints it.
 */
import type { Format } from '../../../meter/decoders/create.ts';
import { amps } from './golden/amps.ts';
import { d0 } from './golden/d0.ts';
import { dsmr } from './golden/dsmr.ts';
import { emontx } from './golden/emontx.ts';
import { panel } from './golden/panel.ts';
import { pzem } from './golden/pzem.ts';
import { raven } from './golden/raven.ts';
import { sml } from './golden/sml.ts';
import type { Variant } from './golden/variant.ts';

export const FORMATS: Record<Format, Variant[]> = { amps, panel, emontx, dsmr, d0, sml, pzem, raven };
export const VARIANTS: Variant[] = Object.values(FORMATS).flat();
