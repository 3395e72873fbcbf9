import type { Log } from '../../shared/log.ts';
import type { Settings } from '../../shared/settings/schema.ts';
import type { Time } from '../../shared/time.ts';
import { meterTopics, type Reading } from '../../shared/wire.ts';
import type { Bulletin } from '../bulletin.ts';
import type { Operations, WatchStatus } from '../doors/operations.ts';
import type { Meters } from '../meters.ts';
import { agentDevice } from './agent-device.ts';
import type { AnnouncementStore } from './announced.ts';
import { Announcer } from './announcer.ts';
import { announcementsOf } from './device.ts';
import { Expiries } from './expiry.ts';
import { meterDevice } from './meter-device.ts';

interface Deps {
  meters: Meters;
  /** The newest live reading of each meter. */
  latest: ReadonlyMap<string, Reading>;
  /** The newest one of a meter, of whatever time. */
  newest: (meter: string) => Reading | undefined;
  operations: Operations;
  /** Their names. */
  stores: () => readonly string[];
  bulletin: Bulletin;
  store: AnnouncementStore;
  time: Time;
  log: Log;
}

/** Announces the agent and all meters, as they are at every moment. */
export function createAnnouncer({ home_assistant, notify }: Settings['agent'], deps: Deps): Announcer {
  const { meters, latest, newest, operations, stores, bulletin, store, time, log } = deps;
  const expiries = new Expiries();
  return new Announcer({
    wanted: () => {
      const watches = operations.watches();
      const now = time.monotonic();
      const devices = meters.list().map((meter) => {
        const { name } = meter;
        return meterDevice(meter, {
          watch: watchOf(name, watches),
          carried: new Set(Object.keys(newest(name) ?? {})),
          expireAfter: expiries.of(name, latest.get(name)?.interval, now),
        });
      });
      return announcementsOf([agentDevice(stores()), ...devices], home_assistant, notify.page);
    },
    store,
    prefix: home_assistant.prefix,
    repeatStates: (session) => bulletin.attach(session),
    ...{ time, log },
  });
}

/** The watch for a meter's readings; of several, the one of its name. */
function watchOf(meter: string, watches: readonly WatchStatus[]): WatchStatus | undefined {
  const own = watches.filter(({ topics }) => topics.includes(meterTopics(meter).reading));
  return own.find(({ name }) => name === meter) ?? own[0];
}
