/**
 * A number without the noise that sums and products of binary fractions have.
 * @param digits after the point; nine are more than anything is measured by, or priced.
 */
export function round(value: number, digits = 9): number {
  const scale = 10 ** digits;
  // Never a negative zero.
  return Math.round(value * scale) / scale + 0;
}
