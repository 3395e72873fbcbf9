/** An energy, and the billing period that it is of, where it says so. */
const ENERGY = /\b(?:1|2|15)\.8(?:\.\d{1,3})?(?:[*&](\d{1,3}))?(?=\()/g;

/**
 * Data sets in which what is present is not numbered: some meters, of Pafal and Apator, number it as period
 * 00 and leave no energy unnumbered. Elsewhere 00 is the past.
 */
export function unnumberPresent(data: string): string {
  const periods = new Set(Array.from(data.matchAll(ENERGY), ([, period = '255']) => period));
  if (periods.has('255') || !periods.has('00')) return data;
  return data.replaceAll(ENERGY, (energy) => energy.replace(/[*&]00$/, ''));
}
