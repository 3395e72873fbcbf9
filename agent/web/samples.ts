import { Counter, Gauge, type Registry } from 'prom-client';

/** One value and the labels that tell it from others; true is 1. */
export type Sample = [labels: Record<string, string>, value: number | boolean];

/** What may go up and down. What has no sample is left out. */
export function gauge(to: Registry, name: string, help: string, samples: readonly Sample[]): void {
  if (samples.length === 0) return;
  const metric = new Gauge({ name, help, labelNames: labelsOf(samples), registers: [to] });
  for (const [labels, value] of samples) metric.set(labels, Number(value));
}

/** What only grows; its name ends in `_total`. */
export function counter(to: Registry, name: string, help: string, samples: readonly Sample[]): void {
  if (samples.length === 0) return;
  const metric = new Counter({ name, help, labelNames: labelsOf(samples), registers: [to] });
  // A total below nought is none, and would fail the whole scrape.
  for (const [labels, value] of samples) metric.inc(labels, Math.max(0, Number(value)));
}

function labelsOf([first]: readonly Sample[]): string[] {
  return Object.keys(first?.[0] ?? {});
}
