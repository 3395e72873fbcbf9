import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { JournalReader } from '../agent/journal/reader.ts';
import { openStore } from '../agent/stores/store.ts';
import { GiveUpError, reason } from '../shared/errors.ts';
import { createLog } from '../shared/log.ts';
import type { Settings } from '../shared/settings/schema.ts';
import { systemTime } from '../shared/time.ts';
import type { Arguments } from './arguments.ts';
import { deadLetterRow } from './dead-letters.ts';
import { exportLines, type Range } from './export.ts';
import { gapRow, openGapRow, openGaps } from './gaps.ts';
import { LiveLine, type Terminal } from './live-line.ts';
import { parseMoment } from './moment.ts';
import { chooseStore, replay } from './replay.ts';
import { printRows } from './table.ts';

/** Rows a table shows at most. */
const MOST = 10_000;

export function listGaps({ options }: Arguments, settings: Settings, out: Terminal): void {
  using journal = openJournal(options, settings);
  const { from, to } = rangeOf(options);
  const now = systemTime.now();
  const open = to > now ? openGaps(journal.newest(), settings.meter.max_gap, now) : [];
  printRows(
    out,
    options.json,
    [...journal.gaps(from, to, MOST).reverse(), ...open],
    (gap) => (gap.end === null ? openGapRow(gap, now) : gapRow(gap)),
    'no gap: every interval has its reading',
  );
}

export function listDeadLetters({ options }: Arguments, settings: Settings, out: Terminal): void {
  using journal = openJournal(options, settings);
  printRows(
    out,
    options.json,
    journal.deadLetters(MOST).reverse(),
    deadLetterRow,
    'no store has refused a reading',
  );
}

export async function exportJournal(
  { options }: Arguments,
  settings: Settings,
  out: NodeJS.WritableStream,
  signal: AbortSignal,
): Promise<void> {
  using journal = openJournal(options, settings);
  const lines = exportLines(journal, rangeOf(options), options);
  try {
    await pipeline(Readable.from(lines), out, { signal, end: false });
  } catch (error) {
    // Who reads us has read enough, such as `head`.
    if (!signal.aborted && !(error instanceof Error && 'code' in error && error.code === 'EPIPE'))
      throw error;
  }
}

export async function replayJournal(
  { options }: Arguments,
  settings: Settings,
  out: Terminal,
  signal: AbortSignal,
): Promise<void> {
  using journal = openJournal(options, settings);
  const range = rangeOf(options);
  const chosen = chooseStore(settings.agent.stores, options.store);
  const total = journal.countBetween(range.from, range.to);
  const line = new LiveLine(out);
  const log = await createLog(settings.log, line);
  const store = openStore(chosen, systemTime.now);
  const began = systemTime.monotonic();
  try {
    const { written, rejected } = await replay(
      journal,
      { store, batch: chosen.batch },
      range,
      {
        time: systemTime,
        log,
        progress: (done) => {
          const sent = done.written + done.rejected;
          const percent = total === 0 ? 100 : Math.floor((100 * sent) / total);
          line.show(`${store.name}: ${sent} of ${total} readings, ${percent} %`);
        },
      },
      signal,
    );
    const seconds = (systemTime.monotonic() - began) / 1000;
    line.show('');
    line.write(
      `${store.name}: ${written} of ${total} readings in ${seconds.toFixed(1)} s, ${rejected} refused\n`,
    );
    if (written + rejected < total)
      throw new GiveUpError(`replaying: stopped after ${written} of ${total} readings`);
  } finally {
    line.end();
    await store.close();
  }
}

function rangeOf({ from, to }: Arguments['options']): Range {
  const now = systemTime.now();
  return {
    from: from === undefined ? 0 : parseMoment('from', from, now),
    to: to === undefined ? Number.MAX_SAFE_INTEGER : parseMoment('to', to, now),
  };
}

function openJournal({ journal }: Arguments['options'], { data }: Settings): JournalReader {
  const path = journal ?? join(data, 'journal.db');
  if (!existsSync(path))
    throw new GiveUpError(
      `opening the journal: ${path} must exist (setting data, or --journal FILE), but does not`,
    );
  try {
    return new JournalReader(path);
  } catch (error) {
    throw new GiveUpError(
      `opening the journal: ${path} must be a readable journal of wattdog: ${reason(error)}`,
    );
  }
}
