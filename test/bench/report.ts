import type { Owner } from '../support/system.ts';

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The value that the share `q` of all values does not exceed. */
export function quantile(values: number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

/** What the test helpers want of a test, for a program that is none: somewhere to put what must be undone. */
export function teardownStack(): { t: Owner; end: () => Promise<void> } {
  const undo: (() => unknown)[] = [];
  const t: Owner = { teardown: (step) => void undo.push(step) };
  const end = async () => {
    for (const step of undo.reverse()) await step();
  };
  return { t, end };
}
