/** Colours go from the cheapest period, 0, to the dearest. */
export const STOPS = 9;

/** The colour of each period of a tariff, by its name. */
export type TariffScale = ReadonlyMap<string, number>;

/**
 * By price, so that what costs alike looks alike, and two prices never the same while there are colours
 * enough. One price alone has the colour of the cheapest.
 */
export function tariffScale(periods: readonly { name: string; price: number }[]): TariffScale {
  const prices = [...new Set(periods.map(({ price }) => price))].sort((a, b) => a - b);
  const [least = 0] = prices;
  const span = (prices.at(-1) ?? least) - least;
  const stops = prices.map((price) => (span === 0 ? 0 : Math.round(((price - least) / span) * (STOPS - 1))));
  if (prices.length <= STOPS) spread(stops);
  return new Map(periods.map(({ name, price }) => [name, stops[prices.indexOf(price)] ?? 0]));
}

/** Moves equal neighbours apart, upwards first, then back from the end. */
function spread(stops: number[]): void {
  for (let n = 1; n < stops.length; n += 1) stops[n] = Math.max(stops[n] ?? 0, (stops[n - 1] ?? 0) + 1);
  let limit = STOPS - 1;
  for (let n = stops.length - 1; n >= 0; n -= 1) {
    stops[n] = Math.min(stops[n] ?? 0, limit);
    limit = (stops[n] ?? 0) - 1;
  }
}
