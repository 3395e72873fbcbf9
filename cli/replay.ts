import { Forwarder } from '../agent/forward.ts';
import type { JournalReader } from '../agent/journal/reader.ts';
import type { Store } from '../agent/stores/store.ts';
import { GiveUpError } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';
import type { StoreSettings } from '../shared/settings/schema.ts';
import { aborted, every, type Time } from '../shared/time.ts';
import type { Range } from './export.ts';

export interface Replayed {
  written: number;
  rejected: number;
}

const PROGRESS_MS = 200;

/**
 * Feeds a store with a range of the journal, as the agent would: refused readings are left out and said, a
 * store that is away is waited for. The agent's own cursors stay where they are.
 *
 * @param progress is told a few times a second.
 * @returns early, with what was done, when the signal aborts.
 */
export async function replay(
  journal: Pick<JournalReader, 'readBetween' | 'lastIdBetween'>,
  { store, batch }: { store: Store; batch: number },
  { from, to }: Range,
  { time, log, progress }: { time: Time; log: Log; progress: (done: Replayed) => void },
  signal: AbortSignal,
): Promise<Replayed> {
  const finished = new AbortController();
  const either = AbortSignal.any([signal, finished.signal]);
  const lastId = journal.lastIdBetween(from, to);
  const forwarder = new Forwarder({
    journal: {
      readAfter: (id, limit) => journal.readBetween(from, to, id, limit),
      lastId: () => lastId,
      grown: (id, stopped) => (id < lastId ? Promise.resolve() : aborted(stopped)),
      cursor: () => 0,
      saveCursor() {},
      bury() {},
    },
    store,
    batch,
    time,
    log,
  });
  const done = (): Replayed => {
    const { written, rejected, lag } = forwarder.status();
    if (lag === 0) finished.abort();
    return { written, rejected };
  };
  await Promise.all([forwarder.run(either), every(PROGRESS_MS, time, either, () => progress(done()))]);
  return done();
}

/** The store of the settings that `--store` means. */
export function chooseStore(stores: readonly StoreSettings[], name: string | undefined): StoreSettings {
  const names = stores.map((store) => store.name ?? store.kind);
  const [only, another] = stores;
  const chosen = name === undefined && another === undefined ? only : stores[names.indexOf(name ?? '')];
  if (chosen === undefined)
    throw new GiveUpError(
      `replaying: --store must name one of agent.stores (${names.join(', ') || 'there is none'}), got ${name ?? 'nothing'}`,
      2,
    );
  return chosen;
}
