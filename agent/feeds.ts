import { lookup } from 'node:dns/promises';
import type { Log } from '../shared/log.ts';
import type { StoreSettings } from '../shared/settings/schema.ts';
import type { Time } from '../shared/time.ts';
import { Forwarder, type ForwardStatus } from './forward.ts';
import type { Journal } from './journal/journal.ts';
import type { Store } from './stores/store.ts';

/** ms between two looks for a store that may be missing. */
const LOOK_EVERY = 5000;

interface Deps {
  journal: Journal;
  time: Time;
  log: Log;
  /** Whether a host name is known; default: asks the system. */
  isKnown?: (host: string) => Promise<boolean>;
}

interface Feed {
  store: Store;
  forwarder: Forwarder;
  /** Of the settings, where it may be missing. */
  host?: string;
  isThere: boolean;
}

/** The stores, each fed by a forwarder of its own. One that may be missing is nobody's concern until its name is known. */
export class Feeds {
  readonly #feeds: Feed[];
  readonly #deps: Deps;

  private constructor(feeds: Feed[], deps: Deps) {
    this.#feeds = feeds;
    this.#deps = deps;
  }

  /** What sends is loaded only where there is a store: a machine without one saves the memory. */
  static async open(settings: readonly StoreSettings[], deps: Deps): Promise<Feeds> {
    if (settings.length === 0) return new Feeds([], deps);
    const { openStore } = await import('./stores/store.ts');
    const feeds = settings.map((one): Feed => {
      const store = openStore(one, deps.time.now);
      const forwarder = new Forwarder({ ...deps, store, batch: one.batch });
      if (!one.optional) return { store, forwarder, isThere: true };
      // A URL has brackets around an IPv6 address, a resolver wants none.
      const host = new URL(one.url).hostname.replace(/^\[|\]$/g, '');
      return { store, forwarder, host, isThere: false };
    });
    return new Feeds(feeds, deps);
  }

  /** Of the stores that are there. */
  names(): string[] {
    return this.#there().map(({ store }) => store.name);
  }

  status(): ForwardStatus[] {
    return this.#there().map(({ forwarder }) => forwarder.status());
  }

  /** Feeds all of them until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(
      this.#feeds.map(async (feed) => {
        await this.#appear(feed, signal);
        await feed.forwarder.run(signal);
      }),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#feeds.map(({ store }) => store.close()));
  }

  #there(): Feed[] {
    return this.#feeds.filter(({ isThere }) => isThere);
  }

  async #appear(feed: Feed, signal: AbortSignal): Promise<void> {
    const { time, log, isKnown = isKnownToSystem } = this.#deps;
    const { host, store } = feed;
    if (host === undefined) return;
    while (!signal.aborted && !(await isKnown(host))) await time.sleep(LOOK_EVERY, signal).catch(() => {});
    if (signal.aborted) return;
    feed.isThere = true;
    log.info({ store: store.name }, 'the store is there');
  }
}

async function isKnownToSystem(host: string): Promise<boolean> {
  try {
    await lookup(host);
    return true;
  } catch {
    return false;
  }
}
