import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { JournalReader } from '../agent/journal/reader.ts';
import { GiveUpError, reason } from '../shared/errors.ts';
import type { Settings } from '../shared/settings/schema.ts';
import type { Arguments } from './arguments.ts';

/** The journal that the command line names, or else that of the settings. @throws GiveUpError where there is none. */
export function openJournal({ journal }: Arguments['options'], { data }: Settings): JournalReader {
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

/**
 * Whether something is of the meter that the command line names; where it names none, all is.
 * @throws GiveUpError with exit code 2 for a meter of which the journal has no readings.
 */
export function isOfMeter(
  { meter: named }: Arguments['options'],
  journal: Pick<JournalReader, 'newest'>,
): (entry: { meter: string }) => boolean {
  if (named === undefined) return () => true;
  const known = journal.newest().map(({ meter }) => meter);
  if (known.includes(named)) return ({ meter }) => meter === named;
  throw new GiveUpError(
    `reading the journal: --meter must be one of its meters (${known.join(', ')}), got ${named}`,
    2,
  );
}
