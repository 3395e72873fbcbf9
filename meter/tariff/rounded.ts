/** A price without the noise that sums and products of binary fractions have; nothing is priced more finely. */
export function rounded(price: number): number {
  return Math.round(price * 1e9) / 1e9;
}
