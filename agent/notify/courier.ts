import type { Backoff } from '../../shared/backoff.ts';
import { RetryError, reason } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import type { Notifier } from '../../shared/notifier.ts';
import type { Time } from '../../shared/time.ts';
import type { Incident } from '../guard/incident.ts';
import { RefusedError, type Sender } from './http.ts';
import type { Message } from './message.ts';
import { owed, textOf } from './owed.ts';
import type { Entry, Queue } from './queue.ts';
import type { Service } from './service.ts';

/** ms between two requests to one service; the strictest of them allow one a second. */
const PACE = 1000;
/** ms between two looks at a queue that does not change. */
const IDLE = 60_000;
/** ms without news after which an incident is forgotten, with the ids of its messages. */
const KEPT = 7 * 86_400_000;

export interface ServiceStatus {
  name: string;
  /** Incidents of which it does not know the newest yet. */
  pending: number;
  /** Messages and changes that it took; since the start, as are the next two. */
  sent: number;
  /** Tries that did not succeed. */
  failures: number;
  /** Incidents of which it will have no more. */
  refused: number;
  /** Until it works again. */
  lastError?: string;
}

interface Deps {
  queue: Queue;
  sender: Sender;
  /** Rings when the queue has changed. */
  bell: Notifier;
  describe: (incident: Incident) => Message;
  /** The address of our own page. */
  page: string | undefined;
  time: Time;
  log: Log;
  backoff: Backoff;
}

/** An entry of the queue with what it says now, to be told in `wait` ms. */
interface Due {
  entry: Entry;
  message: Message;
  wait: number;
}

/**
 * Takes to one service what is owed to it, a request at a time. What keeps a message from arriving is the
 * service's trouble, not the message's: so it is the courier who waits, and after a restart asks anew.
 */
export class Courier {
  readonly name: string;
  readonly #service: Service;
  readonly #deps: Deps;
  readonly #counts = { sent: 0, failures: 0, refused: 0 };
  #lastError: string | undefined;

  constructor(name: string, service: Service, deps: Deps) {
    this.name = name;
    this.#service = service;
    this.#deps = deps;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { queue, bell, time, backoff } = this.#deps;
    for (let failures = 0; !signal.aborted; ) {
      queue.save();
      const due = this.#due();
      const [next] = due.filter(({ wait }) => wait === 0).sort((a, b) => triesOf(a) - triesOf(b));
      if (next === undefined) {
        await bell.wait(Math.min(...due.map(({ wait }) => wait), IDLE), time, signal);
        continue;
      }
      let pause = PACE;
      try {
        await this.#deliver(next, signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        this.#complain(error, 'tried again');
        pause = (error instanceof RetryError ? error.afterMs : undefined) ?? backoff(failures);
        failures += 1;
      }
      await time.sleep(pause, signal).catch(() => {});
    }
  }

  status(): ServiceStatus {
    const trouble = this.#lastError === undefined ? {} : { lastError: this.#lastError };
    return { name: this.name, pending: this.#due().length, ...this.#counts, ...trouble };
  }

  /** What is owed, the oldest incident first. */
  #due(): Due[] {
    const { queue, describe, time } = this.#deps;
    const due: Due[] = [];
    for (const entry of queue.of(this.name)) {
      const message = describe(entry.incident);
      const wait = owed(entry, message, this.#service.idOf !== undefined, time.monotonic());
      if (wait !== undefined) due.push({ entry, message, wait });
      else if (time.now() - entry.changed > KEPT) queue.forget(entry);
    }
    return due;
  }

  /** @throws RetryError when the service may take it later. */
  async #deliver({ entry, message }: Due, signal: AbortSignal): Promise<void> {
    const { queue } = this.#deps;
    try {
      const id = await this.#send(entry, message, signal);
      queue.told(entry, { stage: message.stage, text: textOf(message), ...(id === undefined ? {} : { id }) });
      this.#counts.sent += 1;
      this.#lastError = undefined;
    } catch (error) {
      if (signal.aborted) throw error;
      if (error instanceof RetryError) {
        if (isAboutThisOne(error)) entry.failures = (entry.failures ?? 0) + 1;
        throw error;
      }
      // A fault of our own ends like a refusal: it must not end the agent.
      queue.refused(entry);
      this.#counts.refused += 1;
      this.#complain(error, 'refused, and not told again');
    }
    // At once: a message that is sent and not known to be would be sent again.
    queue.save();
  }

  /** @returns the id of the message, where it can be changed. */
  async #send(entry: Entry, message: Message, signal: AbortSignal): Promise<string | undefined> {
    const { key, incident, told } = entry;
    const { sender, page } = this.#deps;
    const request = this.#service.request({ key, incident, message, page }, told?.id);
    try {
      const answer = await sender.send(request, signal);
      return told?.id ?? this.#service.idOf?.(answer);
    } catch (error) {
      if (error instanceof RefusedError && this.#service.isUnchanged?.(error.answer)) return told?.id;
      throw error;
    }
  }

  /** The same trouble is said once, until it works again. */
  #complain(error: unknown, consequence: string): void {
    const why = reason(error);
    this.#counts.failures += 1;
    if (why !== this.#lastError)
      this.#deps.log.warn({ service: this.name }, `telling: ${why}; ${consequence}`);
    this.#lastError = why;
  }
}

/** It was answered, and without a term: perhaps nothing else is ever answered to this one. */
function isAboutThisOne({ cause, afterMs }: RetryError): boolean {
  return cause === undefined && afterMs === undefined;
}

/** What a service stumbles over lets the others pass. */
function triesOf({ entry }: Due): number {
  return entry.failures ?? 0;
}
