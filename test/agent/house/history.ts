import { join } from 'node:path';
import { Journal } from '../../../agent/journal/journal.ts';
import type { Reading } from '../../../shared/wire.ts';
import { testReading } from '../../support/readings.ts';
import { type Owner, temporaryFolder } from '../../support/system.ts';

/** The time zone of the journals of these tests: its days begin at 08:00 or 07:00 UTC. */
export const ZONE = 'America/Los_Angeles';

/** A journal of its own, closed with the test. */
export function openJournal(t: Owner, now: () => number = Date.now): Journal {
  const journal = new Journal(join(temporaryFolder(t), 'journal.db'), { zone: ZONE, now });
  t.teardown(() => journal.close());
  return journal;
}

/** Makes readings that follow each other, with totals that add up. */
export function feed(start: number, meter = 'main') {
  let at = start;
  let seq = 0;
  let energy = 100;
  let cost = 25;
  /** Nobody tells of it before something was fed out. */
  let fedOut: number | undefined;
  const read = (watts: number, seconds: number, changes: Partial<Reading> = {}) => {
    at += ((changes.gap_seconds ?? 0) + seconds) * 1000;
    seq += 1;
    const interval_energy = Math.max(0, watts * seconds) / 3_600_000;
    const interval_export_energy = Math.max(0, -watts * seconds) / 3_600_000;
    const { gap_export_energy = 0 } = changes;
    if (fedOut !== undefined || interval_export_energy + gap_export_energy > 0)
      fedOut = (fedOut ?? 0) + interval_export_energy + gap_export_energy;
    energy += interval_energy + (changes.gap_energy ?? 0);
    cost += interval_energy / 4 + (changes.gap_cost ?? 0);
    const reading = testReading(seq, {
      time: new Date(at).toISOString(),
      interval: seconds,
      power: watts,
      apparent_power: watts,
      ...{ energy, interval_energy, cost, interval_cost: interval_energy / 4 },
      ...(fedOut !== undefined && {
        ...{ export_energy: fedOut, interval_export_energy },
        ...{ credit: fedOut / 10, interval_credit: interval_export_energy / 10 },
      }),
      ...changes,
    });
    return { meter, reading };
  };
  return {
    read,
    /** As many as fit into `seconds`, one every `cadence`. */
    last: (watts: number, seconds: number, cadence: number, changes: Partial<Reading> = {}) =>
      Array.from({ length: Math.round(seconds / cadence) }, () => read(watts, cadence, changes)),
    /** Lets time pass without a reading. */
    pass(seconds: number) {
      at += seconds * 1000;
    },
    /** A device that begins to count anew. */
    reset(total: number) {
      energy = total;
    },
    now: () => at,
  };
}
