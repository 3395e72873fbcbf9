import { reason } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import type { Session } from '../../shared/mqtt.ts';
import { Notifier } from '../../shared/notifier.ts';
import { aborted, type Time } from '../../shared/time.ts';
import { type Announcement, type AnnouncementStore, type Change, changeTo } from './announced.ts';

/** ms between two looks at what there is to announce: Home Assistant loses updates that come in quick succession. */
const LOOK = 2000;
/** ms after its start at which Home Assistant is told all again; not by all its devices at once. */
const GREETING = { least: 1000, most: 5000 };
/** ms it is given to take in one message on an entity before the next. */
const DIGESTION = 5000;
/** ms in a session for which its return is awaited before anything goes over to another topic. */
const RETURN = 60_000;
/** The birth message’s default, whatever the prefix of the discovery is. */
const STATUS = 'homeassistant/status';
const MIGRATE = JSON.stringify({ migrate_discovery: true });

interface Deps {
  /** What is to be announced now: payloads by topic. */
  wanted: () => ReadonlyMap<string, string>;
  store: AnnouncementStore;
  prefix: string;
  /** Says all states of the agent again. */
  repeatStates: (session: Session) => void;
  time: Time;
  log: Log;
  random?: () => number;
}

/**
 * Keeps Home Assistant told of what there is. What was announced is remembered on our own disk, not asked of
 * the broker: ours forgets all with the process, while a Home Assistant that runs on does not.
 */
export class Announcer {
  readonly #deps: Deps;
  readonly #known: Map<string, Announcement>;
  #complaint = '';

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#known = new Map(deps.store.load().map((announcement) => [announcement.topic, announcement]));
  }

  /** Announces in one session, until it ends. A broker that refuses it is no reason for the agent to end. */
  async run(session: Session): Promise<void> {
    const { wanted, time, random = Math.random } = this.#deps;
    const { signal } = session;
    if (wanted().size === 0 && this.#known.size === 0) return aborted(signal);
    const woken = new Notifier();
    let isBorn = false;
    await this.#try(signal, () =>
      this.#listen(session, () => {
        isBorn = true;
        woken.notify();
      }),
    );
    const began = time.monotonic();
    // The first time after a look's time too: by then each meter has told its cadence.
    for (let all = true; !signal.aborted; ) {
      if (!isBorn) await woken.wait(LOOK, time, signal);
      const greets = isBorn;
      isBorn = false;
      if (greets) {
        const { least, most } = GREETING;
        await time.sleep(least + random() * (most - least), signal).catch(() => {});
      } else if (time.monotonic() - began < RETURN && this.#change().moving.length > 0) continue;
      await this.#try(signal, () => (greets ? this.#greet(session) : this.#say(session, all)));
      all = false;
    }
  }

  async #listen(session: Session, born: () => void): Promise<void> {
    const topics = [...new Set([STATUS, `${this.#deps.prefix}/status`])];
    await session.subscribe(topics, 1, (topic, payload, { retain }) => {
      // A retained one tells of a start long ago, and this session has just told all.
      if (!retain && topics.includes(topic) && String(payload) === 'online') born();
    });
  }

  #change(): Change {
    return changeTo(this.#deps.wanted(), this.#known.values());
  }

  /** @param all also what the broker should still have: it may have forgotten it. */
  async #say(session: Session, all: boolean): Promise<void> {
    const { moving, said, leaving } = this.#change();
    await this.#unload(session, moving);
    for (const topic of leaving) {
      await session.publish(topic, '', { retain: true });
      this.#keep({ topic, payload: this.#known.get(topic)?.payload ?? '', gone: true });
    }
    for (const [topic, payload] of said) {
      // Kept first: what is said and not known would stay for ever.
      this.#keep({ topic, payload, gone: false });
      if (!all) await session.publish(topic, payload, { retain: true });
    }
    if (!all) return;
    for (const { topic, payload, gone } of this.#known.values())
      if (!gone) await session.publish(topic, payload, { retain: true });
  }

  /**
   * Has Home Assistant let go of entities without forgetting what people did to them. One that is away (our broker
   * ends with the agent, and it comes back when it has noticed) would hold on to the old topic until it starts anew.
   */
  async #unload(session: Session, topics: readonly string[]): Promise<void> {
    const { store, time } = this.#deps;
    if (topics.length === 0) return;
    for (const topic of topics) await session.publish(topic, MIGRATE, { retain: true });
    await time.sleep(DIGESTION, session.signal);
    for (const topic of topics) {
      await session.publish(topic, '', { retain: true });
      this.#known.delete(topic);
      store.drop(topic);
    }
    await time.sleep(LOOK, session.signal);
  }

  /**
   * Tells a Home Assistant that has just started all that there is. What went while it was away it still has in its
   * registry, and forgets only what it has met: it is introduced to it, and told that it is gone.
   */
  async #greet(session: Session): Promise<void> {
    const { store, repeatStates, time } = this.#deps;
    const gone = [...this.#known.values()].filter((announcement) => announcement.gone);
    for (const { topic, payload } of gone) await session.publish(topic, payload);
    await this.#say(session, true);
    repeatStates(session);
    if (gone.length === 0) return;
    await time.sleep(DIGESTION, session.signal);
    for (const { topic } of gone) {
      if (this.#known.get(topic)?.gone !== true) continue;
      await session.publish(topic, '', { retain: true });
      this.#known.delete(topic);
      store.drop(topic);
    }
  }

  #keep(announcement: Announcement): void {
    this.#known.set(announcement.topic, announcement);
    this.#deps.store.save(announcement);
  }

  async #try(signal: AbortSignal, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      const complaint = `announcing to Home Assistant: ${reason(error)}`;
      if (signal.aborted || complaint === this.#complaint) return;
      this.#complaint = complaint;
      this.#deps.log.warn(complaint);
    }
  }
}
