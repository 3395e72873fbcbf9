import { reason } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';
import type { Session } from '../shared/mqtt.ts';
import { Notifier } from '../shared/notifier.ts';
import { aborted } from '../shared/time.ts';
import { decodeProfile, meterName, meterTopics, type Profile } from '../shared/wire.ts';

/** Meters that are remembered. */
const MOST = 100;
const ALL = meterTopics('+');

/** A meter that has said what it is. */
export interface Meter {
  name: string;
  profile: Profile;
  /** What it, or its last will, said last; undefined before. */
  online: boolean | undefined;
}

/** What remembers profiles from one run of the agent to the next; null is that of a meter to be forgotten. */
export interface ProfileStore {
  load(): { name: string; profile: Profile | null }[];
  save(name: string, profile: Profile | null): void;
}

/**
 * The meters of the house, known by what they say of themselves. One that was renamed or removed is
 * forgotten, and the broker with it, once the meter of its data folder goes by other names and it is gone.
 */
export class Meters {
  /** At every change of the list, or of who is online. */
  readonly changed = new Notifier();
  readonly #known = new Map<string, Meter>();
  readonly #former = new Set<string>();
  /** Those that were heard of in this run, not only remembered from the last one. */
  readonly #heard = new Set<string>();
  readonly #store: ProfileStore;
  readonly #log: Log;
  readonly #ours: readonly string[];
  #session: Session | undefined;

  /** @param ours names of the settings: they are not forgotten unless somebody asks for it. */
  constructor(store: ProfileStore, log: Log, ours: readonly string[] = []) {
    this.#store = store;
    this.#log = log;
    this.#ours = ours;
    for (const { name, profile } of store.load()) {
      if (profile === null) this.#former.add(name);
      else this.#known.set(name, { name, profile, online: undefined });
    }
  }

  /** By name. */
  list(): Meter[] {
    return [...this.#known.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get(name: string): Meter | undefined {
    return this.#known.get(name);
  }

  /** Whether nobody is to hear of it any more. */
  isFormer(name: string): boolean {
    return this.#former.has(name);
  }

  /** Listens in one session, until it ends. */
  async run(session: Session): Promise<void> {
    this.#session = session;
    await session.subscribe([ALL.profile, ALL.availability], 1, (topic, payload) => {
      const name = meterName.safeParse(topic.split('/')[1]).data;
      if (name === undefined || payload.length === 0) return;
      const { profile, availability } = meterTopics(name);
      if (topic === profile) this.#introduce(name, payload);
      if (topic === availability) this.#see(name, String(payload) === 'online');
    });
    await aborted(session.signal);
  }

  /**
   * Nothing of it is left on the broker; what it measured stays in the journal. It is known again when it
   * comes back.
   */
  forget(name: string): void {
    if (!this.#known.delete(name)) return;
    this.#heard.delete(name);
    this.#former.add(name);
    this.#store.save(name, null);
    for (const topic of retained(name)) this.#session?.publish(topic, '', { retain: true }).catch(() => {});
    this.#log.info({ meter: name }, 'forgotten: it was renamed or removed');
    this.changed.notify();
  }

  #introduce(name: string, payload: Uint8Array): void {
    let profile: Profile;
    try {
      profile = decodeProfile(payload);
    } catch (error) {
      this.#log.warn({ meter: name }, `reading a meter’s profile: ${reason(error)}`);
      return;
    }
    const known = this.#known.get(name);
    if (known === undefined && this.#known.size >= MOST) {
      this.#log.warn({ meter: name }, `meeting a meter: must be at most ${MOST}, it is one more`);
      return;
    }
    this.#known.set(name, { name, online: known?.online, profile });
    this.#former.delete(name);
    this.#heard.add(name);
    this.#store.save(name, profile);
    this.#forgetFormer();
    this.changed.notify();
  }

  #see(name: string, online: boolean): void {
    const known = this.#known.get(name);
    if (known === undefined || known.online === online) return;
    known.online = online;
    this.#forgetFormer();
    this.changed.notify();
  }

  /** A name that its own installation knows no more, unless somebody is there, or about to be, who goes by it. */
  #forgetFormer(): void {
    const installations = new Map<string, Set<string>>();
    for (const { profile, online } of this.#known.values())
      if (online === true) installations.set(profile.installation, new Set(profile.meters));
    for (const { name, profile, online } of [...this.#known.values()]) {
      const present = installations.get(profile.installation);
      // One of ours may be a process of its own, in the data folder of others.
      const isGone = !this.#ours.includes(name) && (online === false || !this.#heard.has(name));
      if (isGone && present !== undefined && !present.has(name)) this.forget(name);
    }
  }
}

function retained(name: string): string[] {
  const { reading, stored, availability, diagnostics, profile } = meterTopics(name);
  return [reading, stored, availability, diagnostics, profile];
}
