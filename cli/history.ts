import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openGaps } from '../agent/journal/gaps.ts';
import { openStore } from '../agent/stores/store.ts';
import { GiveUpError } from '../shared/errors.ts';
import { createLog } from '../shared/log.ts';
import { maxGapsOf } from '../shared/settings/meters.ts';
import type { Settings } from '../shared/settings/schema.ts';
import { systemTime } from '../shared/time.ts';
import type { Arguments } from './arguments.ts';
import { deadLetterRow } from './dead-letters.ts';
import { exportLines, type Range } from './export.ts';
import { gapRow, hasExport, openGapRow } from './gaps.ts';
import { isOfMeter, openJournal } from './journal.ts';
import { LiveLine } from './live-line.ts';
import { parseMoment } from './moment.ts';
import { createProgress } from './progress.ts';
import { chooseStore, replay } from './replay.ts';
import type { Screen } from './screen.ts';
import { printRows } from './table.ts';

/** Rows a table shows at most. */
const MOST = 10_000;

export function listGaps({ options }: Arguments, settings: Settings, out: Screen): void {
  using journal = openJournal(options, settings);
  const { from, to } = rangeOf(options);
  const now = systemTime.now();
  const isWanted = isOfMeter(options, journal);
  const newest = to > now ? journal.newest().filter(isWanted) : [];
  const open = openGaps(newest, maxGapsOf(settings), now);
  const over = journal.gaps(from, to, MOST).filter(isWanted).reverse();
  const withOut = over.some(hasExport);
  printRows(
    out,
    { items: [...over, ...open], json: options.json },
    (gap) => (gap.end === null ? openGapRow(gap, now, withOut) : gapRow(gap, withOut)),
    {
      none: 'no gap: nothing was silent for long',
      shorten: 'why',
      leaveOut: ['cost estimated', 'earned', 'cost', 'kWh estimated', 'to', 'kWh out', 'kWh counted'],
    },
  );
}

export function listDeadLetters({ options }: Arguments, settings: Settings, out: Screen): void {
  using journal = openJournal(options, settings);
  printRows(out, { items: journal.deadLetters(MOST).reverse(), json: options.json }, deadLetterRow, {
    none: 'no store has refused a reading',
    shorten: 'reason',
    leaveOut: ['refused'],
  });
}

export async function exportJournal(
  { options }: Arguments,
  settings: Settings,
  { out, progress }: { out: NodeJS.WriteStream; progress: Screen },
  signal: AbortSignal,
): Promise<void> {
  using journal = openJournal(options, settings);
  const range = rangeOf(options);
  const line = new LiveLine(progress);
  // On a terminal the readings themselves are seen to come.
  const isShown = line.isTTY && out.isTTY !== true;
  const { passes, lines } = exportLines(
    journal,
    { ...range, isWanted: isOfMeter(options, journal) },
    options,
    (read) => isShown && bar.show(read / passes),
  );
  const total = isShown ? journal.countBetween(range.from, range.to) : 0;
  const bar = createProgress('exporting', total, line, { time: systemTime, columns: progress.columns });
  try {
    await pipeline(Readable.from(lines), out, { signal, end: false });
  } catch (error) {
    if (!signal.aborted && !isBrokenPipe(error)) throw error;
  } finally {
    bar.end();
  }
  // Who reads us may have read enough, such as `head`.
  if (signal.aborted && !isBrokenPipe(signal.reason))
    throw new GiveUpError('exporting: interrupted, the output is not complete');
}

export async function replayJournal(
  { options }: Arguments,
  settings: Settings,
  out: Screen,
  signal: AbortSignal,
): Promise<void> {
  using journal = openJournal(options, settings);
  const range = rangeOf(options);
  const chosen = chooseStore(settings.agent.stores, options.store);
  const total = journal.countBetween(range.from, range.to);
  const line = new LiveLine(out);
  const log = await createLog(settings.log, line);
  const store = openStore(chosen, systemTime.now);
  const bar = createProgress(store.name, total, line, { time: systemTime, columns: out.columns });
  const began = systemTime.monotonic();
  try {
    const { written, rejected } = await replay(
      journal,
      { store, batch: chosen.batch },
      range,
      { time: systemTime, log, progress: (done) => bar.show(done.written + done.rejected) },
      signal,
    );
    const seconds = (systemTime.monotonic() - began) / 1000;
    bar.end();
    line.write(
      `${store.name}: ${written} of ${total} readings in ${seconds.toFixed(1)} s, ${rejected} refused\n`,
    );
    if (written + rejected < total)
      throw new GiveUpError(`replaying: stopped after ${written} of ${total} readings`);
  } finally {
    bar.end();
    await store.close();
  }
}

function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE';
}

function rangeOf({ from, to }: Arguments['options']): Range {
  const now = systemTime.now();
  return {
    from: from === undefined ? 0 : parseMoment('from', from, now),
    to: to === undefined ? Number.MAX_SAFE_INTEGER : parseMoment('to', to, now),
  };
}
