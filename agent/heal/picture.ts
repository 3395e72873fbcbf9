import type { Time } from '../../shared/time.ts';
import { decide } from './decide.ts';
import type { EndedRuns } from './ended-runs.ts';
import type { Engine, Listed } from './engine.ts';
import type { EngineEvent } from './events.ts';
import { lastEvents } from './evidence.ts';
import { isLabelled, ourLabels } from './labels.ts';
import { fromInspect, fromList, type SeenContainer, told } from './seen.ts';

export interface PictureEvents {
  /** A watched container is there, or something about it has changed. */
  changed(container: SeenContainer): void;
  /** It is there no more, or is no longer ours. */
  gone(id: string): void;
}

interface Entry {
  seen: SeenContainer;
  /** As inspect has it; empty for SIGTERM. */
  stopSignal: string;
  /** We heard the last run end, and so know who ended it. */
  heardEnd: boolean;
  /** Counts the events, so that an older answer does not undo what they said. */
  version: number;
  asking: boolean;
  /** What was last told of it. */
  told: string;
}

/** After these the engine knows more than its event says. */
const ASKED_AFTER = ['create', 'start', 'die', 'rename'];

/** All containers that are labelled or named, kept by events and checked against lists. No other is ever asked about. */
export class Picture {
  readonly #entries = new Map<string, Entry>();
  readonly #names: ReadonlySet<string>;
  readonly #engine: Engine;
  readonly #endedRuns: EndedRuns;
  readonly #time: Time;
  readonly #on: PictureEvents;

  constructor(
    names: Iterable<string>,
    deps: { engine: Engine; endedRuns: EndedRuns; time: Time },
    on: PictureEvents,
  ) {
    this.#names = new Set(names);
    this.#engine = deps.engine;
    this.#endedRuns = deps.endedRuns;
    this.#time = deps.time;
    this.#on = on;
  }

  /** @param thorough asks about each of them, else only about what the list shows to differ */
  async synchronise(listed: Listed[], thorough: boolean, signal: AbortSignal): Promise<void> {
    const wanted = listed.filter((each) => this.#wants(each));
    const ids = new Set(wanted.map(({ id }) => id));
    for (const id of this.#entries.keys()) if (!ids.has(id)) this.#forget(id);
    await Promise.all(
      wanted.map(async (each) => {
        const { name, evidence } = fromList(each);
        const known = this.#entries.get(each.id);
        const same =
          known?.seen.name === name &&
          known.seen.evidence.status === evidence.status &&
          known.seen.evidence.health === evidence.health;
        if (known === undefined || !same || thorough)
          await this.#ask(known ?? this.#add(fromList(each)), signal);
      }),
    );
  }

  /** The words of an event are told at once; what more there is to know, as soon as the engine says it. */
  apply(event: EngineEvent, signal: AbortSignal): void {
    const { id, action, name, attributes } = event;
    const known = this.#entries.get(id);
    if (action === 'destroy') {
      this.#forget(id);
      return;
    }
    if (known === undefined) {
      const labels = ourLabels(attributes);
      if (!this.#wants({ name, labels })) return;
      const evidence = { name, status: 'created' };
      void this.#ask(this.#add({ id, name, labels, evidence, startedAt: undefined }), signal);
      return;
    }
    known.version += 1;
    known.seen = told(known.seen, event, known.stopSignal, this.#endedRuns);
    if (action === 'die') known.heardEnd = true;
    if (action === 'start') known.heardEnd = false;
    if (!this.#wants(known.seen)) {
      this.#forget(id);
      return;
    }
    // A start is told when the engine has said which run it is.
    if (action !== 'start') this.#tell(known);
    if (ASKED_AFTER.includes(action)) void this.#ask(known, signal);
  }

  #wants({ name, labels }: { name: string; labels: Record<string, string> }): boolean {
    return this.#names.has(name) || isLabelled(labels);
  }

  #add(seen: SeenContainer): Entry {
    const entry = { seen, stopSignal: '', heardEnd: false, version: 0, asking: false, told: '' };
    this.#entries.set(seen.id, entry);
    return entry;
  }

  /** One question at a time for each container, however fast its events come. */
  async #ask(entry: Entry, signal: AbortSignal): Promise<void> {
    if (entry.asking) return;
    entry.asking = true;
    try {
      while (!(await this.#learn(entry, signal)));
    } catch (error) {
      // Whoever follows next asks again.
      if (signal.aborted) return;
      throw error;
    } finally {
      entry.asking = false;
    }
    this.#tell(entry);
  }

  /** @returns false when something happened meanwhile, so that it has to be asked again */
  async #learn(entry: Entry, signal: AbortSignal): Promise<boolean> {
    const { version, seen } = entry;
    const inspected = await this.#engine.inspect(seen.id, signal);
    if (inspected === undefined) return true;
    const now = fromInspect(seen, inspected);
    if (!entry.heardEnd) {
      const events = await lastEvents(this.#engine, seen.id, inspected, this.#time.now(), signal);
      const endedByUs = this.#endedRuns.has(seen.id, inspected.startedAt);
      const { status } = inspected;
      const found = { status, inspected, processes: undefined, events, endedByUs };
      if (decide(found, { frozen: false, paused: 'unpause' }).action === 'respect')
        now.stoppedBy = 'operator';
    }
    entry.stopSignal = inspected.stopSignal;
    if (entry.version !== version) return false;
    entry.seen = now;
    return true;
  }

  #tell(entry: Entry): void {
    const { seen } = entry;
    if (this.#entries.get(seen.id) !== entry) return;
    const words = JSON.stringify(seen);
    if (words === entry.told) return;
    entry.told = words;
    this.#on.changed(seen);
  }

  #forget(id: string): void {
    if (this.#entries.delete(id)) this.#on.gone(id);
  }
}
