import type { Log } from '../../shared/log.ts';
import { Notifier } from '../../shared/notifier.ts';
import type { Healer } from '../heal/healer.ts';
import { readLabels, WATCH_LABEL } from '../heal/labels.ts';
import type { SeenContainer } from '../heal/seen.ts';
import type { ContainerEvidence } from '../watch/verdict.ts';
import type { Guard } from './guard.ts';
import type { Ward, WatchSpec } from './ward.ts';

interface Deps {
  make: (spec: WatchSpec) => Ward;
  /** @param signal ends its healing, when it is watched no longer. */
  guard: (ward: Ward, signal: AbortSignal) => Guard;
  /** Is told the name of a watch that is no more. */
  dropped: (watch: string) => void;
  /** Whether labels count. */
  labels: boolean;
  /** Whether a paused container was meant to be. */
  respectPause: boolean;
  monotonic: () => number;
  log: Log;
}

interface Kept {
  spec: WatchSpec;
  guard: Guard;
  stop: AbortController;
  /** The container that it was made for by its labels. */
  labelled: string | undefined;
  /** The container that was last seen behind it. */
  container: SeenContainer | undefined;
  /** Why its container is left alone. */
  hold: string | undefined;
}

/** Everyone who is guarded: those of the settings for good, labelled containers as they come and go. */
export class Wards {
  /** Tells that it is others now. */
  readonly changed = new Notifier();
  readonly #deps: Deps;
  readonly #kept = new Map<string, Kept>();
  /** Containers whose labels were complained of. */
  readonly #complained = new Map<string, string>();

  constructor(specs: readonly WatchSpec[], deps: Deps) {
    this.#deps = deps;
    for (const spec of specs) this.#add(spec, undefined);
  }

  *guards(): Generator<Guard> {
    for (const { guard } of this.#kept.values()) yield guard;
  }

  targets(): Ward[] {
    return [...this.guards()].map(({ ward }) => ward);
  }

  /** Of the containers that the settings name. */
  containerNames(): string[] {
    return [...this.#kept.values()].flatMap(({ spec }) => spec.which.name ?? []);
  }

  get(name: string): Guard | undefined {
    return this.#kept.get(name)?.guard;
  }

  /** The watch of that name, or of the container of that name. */
  find(name: string): string | undefined {
    if (this.#kept.has(name)) return name;
    for (const [watch, { spec, container }] of this.#kept)
      if (spec.which.name === name || container?.name === name) return watch;
    return undefined;
  }

  /** Why the container of a watch is left alone: somebody stopped, paused or removed it. */
  holdOf(name: string): string | undefined {
    return this.#kept.get(name)?.hold;
  }

  /** What the engine shows of one container, whose it may be. */
  sees(container: SeenContainer): void {
    const named = this.#keptFor(container);
    const labelled = named.length === 0 ? this.#keepLabelled(container) : undefined;
    for (const kept of labelled ? [labelled] : named) this.#sees(kept, container);
  }

  #sees(kept: Kept, container: SeenContainer): void {
    const { status } = container.evidence;
    const at = this.#deps.monotonic();
    if (isNewRun(kept, container)) kept.guard.ward.watch.started(at);
    kept.container = container;
    kept.hold = undefined;
    if (container.stoppedBy === 'operator' && status !== 'running' && status !== 'paused')
      kept.hold = `its container ${container.name} was stopped on purpose`;
    if (status === 'paused' && this.#deps.respectPause)
      kept.hold = `its container ${container.name} was paused on purpose`;
    kept.guard.ward.watch.sees(container.evidence, at);
  }

  /** How the process is that a healer of ours keeps. */
  seesProcess(evidence: ContainerEvidence, healer: Healer | undefined): void {
    for (const { ward } of this.guards())
      if (healer !== undefined && ward.healer?.target === healer.target)
        ward.watch.sees(evidence, this.#deps.monotonic());
  }

  /** A container was removed, and perhaps is about to be made anew. */
  gone(id: string): void {
    for (const [name, kept] of this.#kept) {
      if (kept.container?.id !== id) continue;
      kept.hold = `its container ${kept.container.name} was removed`;
      kept.container = undefined;
      kept.guard.ward.watch.sees(undefined, this.#deps.monotonic());
      if (kept.labelled === id) this.#drop(name);
    }
    this.#complained.delete(id);
  }

  /** By the settings: they win over labels. Several meters may live in one container. */
  #keptFor({ name, labels }: SeenContainer): Kept[] {
    const label = `${WATCH_LABEL}=${labels[WATCH_LABEL]}`;
    return [...this.#kept.values()].filter(
      ({ labelled, spec: { which } }) =>
        labelled === undefined && (which.name === undefined ? label === which.label : which.name === name),
    );
  }

  #keepLabelled(container: SeenContainer): Kept | undefined {
    const read = this.#deps.labels ? readLabels(container) : undefined;
    if (read === undefined) return undefined;
    if ('problem' in read) return this.#complain(container, read.problem);
    const which = { name: container.name, label: `${WATCH_LABEL}=${container.labels[WATCH_LABEL]}` };
    const spec: WatchSpec = { ...read.watch, which };
    const kept = this.#kept.get(spec.name);
    if (kept === undefined) return this.#add(spec, container.id);
    if (kept.labelled !== container.id)
      return this.#complain(
        container,
        `watching container ${container.name}: the watch ${spec.name} is another’s`,
      );
    if (isSame(kept.spec, spec)) return kept;
    this.#drop(spec.name);
    return this.#add(spec, container.id);
  }

  #add(spec: WatchSpec, labelled: string | undefined): Kept {
    const stop = new AbortController();
    const guard = this.#deps.guard(this.#deps.make(spec), stop.signal);
    const kept: Kept = { spec, guard, stop, labelled, container: undefined, hold: undefined };
    this.#kept.set(spec.name, kept);
    if (labelled !== undefined)
      this.#deps.log.info({ watch: spec.name, topics: spec.topics }, 'watching a labelled container');
    this.changed.notify();
    return kept;
  }

  #drop(name: string): void {
    const kept = this.#kept.get(name);
    kept?.stop.abort();
    kept?.guard.withdraw('its container was removed');
    this.#kept.delete(name);
    this.#deps.dropped(name);
    this.#deps.log.info({ watch: name }, 'its container is gone: it is no longer watched');
    this.changed.notify();
  }

  #complain({ id }: SeenContainer, problem: string): undefined {
    if (this.#complained.get(id) === problem) return;
    this.#complained.set(id, problem);
    this.#deps.log.warn(problem);
  }
}

function isSame(one: WatchSpec, other: WatchSpec): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Whether it was started, or made anew, since we last looked. */
function isNewRun({ container: before, hold }: Kept, { evidence, startedAt }: SeenContainer): boolean {
  if (evidence.status !== 'running') return false;
  if (before === undefined) return hold !== undefined;
  return before.startedAt !== undefined && startedAt !== undefined && before.startedAt !== startedAt;
}
