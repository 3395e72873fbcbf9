import { RetryError } from '../../shared/errors.ts';
import { Mailbox } from './mailbox.ts';
import type { LiveEvent } from './queries.ts';

/** Readers at once, and readings that wait for a slow one. */
const MOST_READERS = 50;
const MOST_READINGS = 500;

/** Tells everyone who listens what happens. Nothing that happens waits for them. */
export class Live {
  readonly #readers = new Set<Mailbox<LiveEvent>>();
  readonly #state: () => LiveEvent[];

  /** @param state all that is the case, for one who begins to listen. */
  constructor(state: () => LiveEvent[]) {
    this.#state = state;
  }

  tell(event: LiveEvent): void {
    const key = keyOf(event);
    for (const mailbox of this.#readers)
      mailbox.put(key === undefined ? { content: event } : { key, content: event });
  }

  /** The state first, then what happens, until the signal aborts. @throws RetryError when too many listen. */
  async *listen(signal: AbortSignal): AsyncGenerator<LiveEvent> {
    if (this.#readers.size >= MOST_READERS)
      throw new RetryError(`listening: at most ${MOST_READERS} may at once, it is one more`);
    const mailbox = new Mailbox<LiveEvent>(MOST_READINGS);
    this.#readers.add(mailbox);
    // Whether or not anybody reads on to the end.
    signal.addEventListener('abort', () => this.#readers.delete(mailbox), { once: true });
    try {
      yield* this.#state();
      yield* mailbox.read(signal);
    } finally {
      this.#readers.delete(mailbox);
    }
  }
}

/** What an event is the newest state of; a reading is none. */
function keyOf(event: LiveEvent): string | undefined {
  if (event.event === 'reading') return undefined;
  if (event.event === 'watch') return `watch ${event.data.name}`;
  if (event.event === 'incident') return `incident ${event.data.id}`;
  return event.event;
}
