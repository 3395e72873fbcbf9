import { reason } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { every, type Time } from '../../shared/time.ts';
import { agentTopics } from '../../shared/wire.ts';
import type { Bulletin } from '../bulletin.ts';
import type { Intake } from '../intake.ts';
import type { Meters } from '../meters.ts';
import type { Live } from './live.ts';
import type { Operations, WatchStatus } from './operations.ts';
import type { Queries } from './queries.ts';

interface Deps {
  queries: Queries;
  operations: Operations;
  meters: Meters;
  intake: Pick<Intake, 'latest' | 'forget'>;
  bulletin: Bulletin;
  live: Live;
  time: Time;
  log: Log;
}

/** ms between two looks at stores and watches, and at meters that say nothing new of themselves. */
const OFTEN = 2000;
const SELDOM = 10_000;

/** Tells over MQTT, and everyone who listens, what does not tell of itself: sums, stores, what a hold did. */
export async function keepPosted(deps: Deps, signal: AbortSignal): Promise<void> {
  const stores = createPosts(deps.bulletin, agentTopics.store);
  const meters = createPosts(deps.bulletin, agentTopics.meter);
  await Promise.all([
    every(OFTEN, deps.time, signal, () => postStores(deps, stores)),
    every(OFTEN, deps.time, signal, tellOfWatches(deps)),
    keepMeters(deps, meters, signal),
  ]);
}

function postStores({ queries, live }: Deps, posts: Posts): void {
  const views = queries.stores();
  if (posts.post(views)) live.tell({ event: 'stores', data: views });
}

async function keepMeters(deps: Deps, posts: Posts, signal: AbortSignal): Promise<void> {
  const { queries, meters, intake, live, time, log } = deps;
  while (!signal.aborted) {
    for (const name of intake.latest.keys()) if (meters.isFormer(name)) intake.forget(name);
    try {
      const views = queries.meters();
      if (posts.post(views)) live.tell({ event: 'meters', data: views });
    } catch (error) {
      // The journal says itself what is wrong with it.
      log.debug(`summing up the meters: ${reason(error)}`);
    }
    await meters.changed.wait(SELDOM, time, signal);
  }
}

/** A verdict tells of its change at once; not so what a hold or another sentence changes, nor who is watched. */
function tellOfWatches({ operations, live }: Deps): () => void {
  let told = new Map<string, string>();
  return () => {
    const watches = operations.watches();
    const now = new Map(watches.map((watch) => [watch.name, wordsOf(watch)]));
    if ([...told.keys()].some((name) => !now.has(name))) live.tell({ event: 'watches', data: watches });
    for (const watch of watches)
      if (told.get(watch.name) !== now.get(watch.name)) live.tell({ event: 'watch', data: watch });
    told = now;
  };
}

/** All but the evidence, which is another at every look. */
function wordsOf({ verdict: { evidence, ...verdict }, ...watch }: WatchStatus): string {
  return JSON.stringify([watch, verdict, evidence.limits]);
}

interface Posts {
  /** @returns whether any has changed. */
  post(views: readonly { name: string }[]): boolean;
}

/** Retained, each by its name; what is there no more is taken back. */
function createPosts(bulletin: Bulletin, topicOf: (name: string) => string): Posts {
  let posted = new Map<string, string>();
  return {
    post(views) {
      const now = new Map(views.map((view) => [view.name, JSON.stringify(view)]));
      const gone = [...posted.keys()].filter((name) => !now.has(name));
      const changed = [...now].filter(([name, text]) => posted.get(name) !== text);
      for (const name of gone) bulletin.retract(topicOf(name));
      for (const [name, text] of changed) bulletin.post(topicOf(name), text);
      posted = now;
      return gone.length > 0 || changed.length > 0;
    },
  };
}
