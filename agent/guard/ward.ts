import { metersOf } from '../../shared/settings/meters.ts';
import type { Settings, WatchSettings } from '../../shared/settings/schema.ts';
import type { Time } from '../../shared/time.ts';
import { meterOfReadings, meterTopics } from '../../shared/wire.ts';
import type { Bulletin } from '../bulletin.ts';
import type { Which } from '../heal/engine.ts';
import type { Healer } from '../heal/healer.ts';
import { type LabelledWatch, WATCH_LABEL } from '../heal/labels.ts';
import type { Abilities } from '../heal/ladder.ts';
import { resetUsb } from '../heal/usb.ts';
import type { Journal } from '../journal/journal.ts';
import type { AgentState } from '../state.ts';
import type { Sighted } from '../watch/sight.ts';
import { Watch } from '../watch/watch.ts';
import type { Loss } from './incident.ts';
import { longestLoss } from './loss.ts';

/** What is watched, by the settings or by a container's labels. */
export interface WatchSpec extends LabelledWatch {
  /** The one container that may be restarted for it. */
  which: Which;
}

/** What is guarded, and what may be done about it. */
export interface Ward extends Sighted {
  name: string;
  /** Undefined where nothing may be restarted: then a stall is only told. */
  healer: Healer | undefined;
  /** Asks our own meter to open its port again. */
  reopen?: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** Resets the USB device behind it, where that is allowed. */
  resetUsb?: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** What a silence since then (ms since 1970 UTC) cost; undefined where that is not known. */
  lossSince?: ((began: number) => Loss | undefined) | undefined;
}

/** Before and after a silence, ms: readings that tell what it cost. */
const AROUND = 60_000;
const MOST_READINGS = 10_000;

interface Parts {
  healerOf: (spec: WatchSpec, meter: string | undefined) => Healer | undefined;
  state: AgentState;
  journal: Journal;
  bulletin: Bulletin;
  /** The meter's USB device, where it may be reset. */
  usbDevice: string | undefined;
  time: Time;
}

/** Puts together what is known of one thing that is watched. */
export function makeWard(
  spec: WatchSpec,
  { healerOf, state, journal, bulletin, usbDevice, time }: Parts,
): Ward {
  const { name, topics, progress, stallAfter } = spec;
  const meter = topics.map(meterOfReadings).find((found) => found !== undefined);
  const watch = new Watch({ gaps: state.cadence(name), stallAfter, hasTopics: topics.length > 0 });
  const ward: Ward = { name, topics, progress, meter, watch, healer: healerOf(spec, meter) };
  if (meter === undefined || !spec.heal) return ward;
  return {
    ...ward,
    reopen: () => bulletin.command(meterTopics(meter).command, 'reopen'),
    resetUsb: usbDevice === undefined ? undefined : (signal) => resetUsb(usbDevice, time, signal),
    lossSince: (began) => {
      const cadence = watch.usualGap;
      const from = began - Math.max(AROUND, 5 * (cadence ?? 0));
      try {
        const entries = journal.readBetween(from, time.now() + AROUND, 0, MOST_READINGS);
        return longestLoss(
          entries.filter((entry) => entry.meter === meter).map(({ reading }) => reading),
          cadence,
        );
      } catch {
        // The journal says its own trouble.
        return undefined;
      }
    },
  };
}

export function specOf({ name, topics, container, heal, stall_after, progress }: WatchSettings): WatchSpec {
  return {
    name,
    topics,
    heal,
    progress,
    stallAfter: stall_after,
    stopTimeoutS: undefined,
    which: container === undefined ? { label: `${WATCH_LABEL}=${name}` } : { name: container },
  };
}

/**
 * The watches of the settings, or else one for the readings of each meter they name. These live in one
 * container, the one whose label names `meter`.
 */
export function specsOf(settings: Settings): WatchSpec[] {
  const { watches } = settings.agent;
  if (watches) return watches.map(specOf);
  const which = { label: `${WATCH_LABEL}=${settings.meter.name}` };
  return metersOf(settings).map(({ name }) => ({
    ...specOf({ name, topics: [meterTopics(name).reading], heal: true }),
    which,
  }));
}

export function abilitiesOf({ healer, reopen, resetUsb }: Ward): Abilities {
  return {
    reopen: reopen !== undefined,
    restart: healer !== undefined,
    resetUsb: resetUsb !== undefined,
    // Others may come later.
    get shared() {
      return healer?.isShared?.() ?? false;
    },
  };
}
