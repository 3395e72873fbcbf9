import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Owner } from '../support/system.ts';
import { until } from '../support/system.ts';
import type { Result } from './compare.ts';
import { drain } from './drain.ts';
import { carryOut } from './faults.ts';
import { type BrokerName, type Pipeline, partsOf, startPipeline } from './pipeline.ts';
import { describe, type Fault, schedule, seeded } from './schedule.ts';
import type { StoreName } from './store.ts';

export interface ChaosOptions {
  seed: number;
  kills: number;
  minutes: number;
  /** Kinds of faults to leave out; the others stay as they are. */
  without: readonly string[];
  broker: BrokerName;
  store: StoreName;
  /** The file that Node runs as `wattdog`. */
  entry: string;
  /** An empty folder for data and logs. */
  folder: string;
  /** What was sent at most this long before the meter's end counts as in flight; ms. */
  marginMs: number;
}

export interface ChaosRun {
  result: Result;
  faults: Fault[];
  /** When the first line was sent, by the clock of the lines; faults count from here. */
  startedAt: number;
  pipeline: Pipeline;
}

/** One run: everything starts, is troubled as scheduled, is healed, drains and is compared. */
export async function runChaos(
  t: Owner,
  options: ChaosOptions,
  say: (text: string) => void,
): Promise<ChaosRun> {
  const pipeline = await startPipeline(t, options, seeded(options.seed + 1));
  const parts = partsOf(pipeline);
  for (const [what, has] of [
    ['disks that fill: mounting is not allowed', parts.disks],
    ['clocks that step: libfaketime is missing', parts.clocks],
  ] as const) {
    if (has) continue;
    if (process.env.REQUIRE_REAL === '1') throw new Error(`REQUIRE_REAL=1 forbids to go without ${what}`);
    say(`without ${what}`);
  }
  const { kills, minutes, without } = options;
  const faults = schedule(options.seed, { kills, minutes, parts }).filter(
    ({ kind }) => !without.includes(kind),
  );
  await until('the meter to read', 60_000, () => pipeline.spans.list.length > 0);

  const startedAt = performance.now();
  const at = (ms: number) => sleep(Math.max(0, startedAt + ms - performance.now()));
  const over = new AbortController();
  const carried: Promise<void>[] = [];
  t.teardown(async () => {
    over.abort();
    await Promise.allSettled(carried);
  });
  for (const fault of faults) {
    await at(fault.atMs);
    say(`${(fault.atMs / 1000).toFixed(1)} s: ${describe(fault)}`);
    const work = carryOut(fault, pipeline, over.signal);
    // Told when all are over; until then it must not end the process.
    work.catch(() => {});
    carried.push(work);
  }
  await at(minutes * 60_000);
  over.abort();
  await Promise.all(carried);
  for (const clock of Object.values(pipeline.clocks)) clock.set(0);
  say('healed; draining');
  const result = await drain(pipeline, join(options.folder, 'journal.db'), options.marginMs);
  return { result, faults, startedAt, pipeline };
}
