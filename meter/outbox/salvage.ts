import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { type OutboxFile, type Row, toRow } from './file.ts';
import type { Epoch } from './numbers.ts';

const BATCH = 1000;
/** After so many rows in a row that cannot be read, none is looked for. */
const MISSES = 100_000;

/**
 * Copies what can still be read of a damaged outbox into a new one.
 *
 * @param known the epochs, should their table be unreadable; readings of an epoch that nobody knows get a
 * new one: twice is better than never.
 * @returns how many readings it saved.
 * @throws what writing to the new file throws; another call goes on where this one was stopped.
 */
export function salvage(damaged: string, into: OutboxFile, known: readonly Epoch[]): number {
  let db: DatabaseSync;
  try {
    db = new DatabaseSync(damaged, { readOnly: true, defensive: false });
    // SQLite reads a file that was cut off only for those who mean to repair it.
    db.exec('PRAGMA writable_schema = ON');
  } catch {
    return 0;
  }
  try {
    let saved = 0;
    let epochs: readonly Epoch[] | undefined = epochsOf(db) ?? known;
    for (const read of readable(db, into.newest())) {
      const rows = read.filter(isWhole);
      const [first] = rows;
      if (epochs?.length === 0 && first) epochs = [{ first: first.id, name: randomUUID(), boot: '' }];
      into.write(rows, epochs ?? []);
      epochs = undefined;
      saved += rows.length;
    }
    return saved;
  } finally {
    db.close();
  }
}

function epochsOf(db: DatabaseSync): Epoch[] | undefined {
  const rows = attempt(() => db.prepare('SELECT * FROM epoch ORDER BY first').all());
  return rows?.map(({ first, name, boot }) => ({
    first: Number(first),
    name: String(name),
    boot: String(boot),
  }));
}

/** Every readable row, in order: forwards up to the damage, then one by one, as far as there are any. */
function* readable(db: DatabaseSync, after: number): Generator<Row[]> {
  const select = attempt(() => db.prepare('SELECT * FROM reading WHERE id > ? ORDER BY id LIMIT ?'));
  const single = attempt(() => db.prepare('SELECT * FROM reading WHERE id = ?'));
  if (!select || !single) return;
  let last = after;
  for (let limit = BATCH; limit > 0; ) {
    const rows: Row[] | undefined = attempt(() => select.all(last, limit).map(toRow));
    // The last batch before the damage is read in ever smaller pieces.
    if (rows === undefined) limit = Math.floor(limit / 2);
    else if (rows.length === 0) return;
    else {
      yield rows;
      last = rows.at(-1)?.id ?? last;
    }
  }
  const tail = readableTail(db, last);
  last = Math.max(last, tail.lowest - MISSES);
  let rows: Row[] = [];
  for (let id = last + 1; id <= tail.highest && id - last <= MISSES; id += 1) {
    const row = attempt(() => single.get(id));
    if (row === undefined) continue;
    last = id;
    rows.push(toRow(row));
    if (rows.length < BATCH) continue;
    yield rows;
    rows = [];
  }
  if (rows.length > 0) yield rows;
}

/** The rows that can be reached backwards from the end; no bounds when the end is damaged. */
function readableTail(db: DatabaseSync, after: number): { lowest: number; highest: number } {
  let lowest: number | undefined;
  let highest: number | undefined;
  attempt(() => {
    const rows = db.prepare('SELECT id FROM reading WHERE id > ? ORDER BY id DESC').iterate(after);
    for (const { id } of rows) {
      lowest = Number(id);
      highest ??= lowest;
    }
  });
  return { lowest: lowest ?? 0, highest: highest ?? Number.POSITIVE_INFINITY };
}

/** SQLite does not notice damage to what a row says. */
const isWhole = ({ body, account }: Row): boolean =>
  attempt(() => [JSON.parse(body), JSON.parse(account)]) !== undefined;

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
