import type { Rung } from '../guard/incident.ts';
import type { Cause } from '../watch/verdict.ts';

/** ms to wait before each further restart; the last one repeats. */
const STEPS = [0, 10_000, 30_000, 120_000, 600_000, 1_800_000];
const MOST_OFTEN = STEPS.at(-1) ?? 0;
/** ms of health after which trouble counts as new. "It started" is not health. */
const FORGIVEN_AFTER = 600_000;
/** Restarts without lasting health after which a person is called; it is tried on all the same. */
const IN_VAIN = 4;
/** So many restarts a day open the circuit, however healthy it was between them: then it is tried rarely. */
const MOST_A_DAY = 20;
const DAY = 86_400_000;
/** With these, the process is well and its surroundings are not: what is tried, each once. */
const SURROUNDINGS: readonly Cause[] = ['port', 'line', 'rejects'];

/** What this target allows. */
export interface Abilities {
  /** Our own meter, which can be asked to open its port again. */
  reopen: boolean;
  restart: boolean;
  resetUsb: boolean;
  /** The same process serves others, that may be well. */
  readonly shared?: boolean;
}

export interface Advice {
  /** What to do next, not before `notBefore` (ms of the monotonic clock); undefined when nothing is left. */
  rung: Rung | undefined;
  notBefore: number;
  /** Why a person is needed besides. */
  help: string | undefined;
}

/**
 * What to try next, and how soon, for a target that stays in trouble. Restarts are counted beyond one
 * incident, until the target has been well for long. Pure; times in ms of a monotonic clock.
 */
export class Ladder {
  readonly #abilities: Abilities;
  #restarts: number[];
  /** Restarts that are not forgiven yet. */
  #unforgiven: number;
  #healthySince: number | undefined;

  /** @param restarts when an earlier life of the agent restarted it; may be negative. */
  constructor(abilities: Abilities, restarts: readonly number[] = []) {
    this.#abilities = abilities;
    this.#restarts = [...restarts];
    this.#unforgiven = restarts.length;
  }

  /** @param tried what was tried in this incident. */
  advise(cause: Cause, tried: readonly Rung[], at: number): Advice {
    if (SURROUNDINGS.includes(cause)) {
      const left = this.#rungsFor(cause).find((rung) => !tried.includes(rung));
      if (left !== 'restart')
        return {
          rung: left,
          notBefore: at,
          help: left === undefined ? 'its process is well: look at the device and its cable' : undefined,
        };
    }
    if (!this.#abilities.restart) return { rung: undefined, notBefore: at, help: undefined };
    const today = this.#restarts.filter((earlier) => at - earlier < DAY);
    const isOpen = today.length >= MOST_A_DAY;
    const wait = isOpen ? MOST_OFTEN : (STEPS[this.#unforgiven] ?? MOST_OFTEN);
    return {
      rung: 'restart',
      notBefore: (today.at(-1) ?? Number.NEGATIVE_INFINITY) + wait,
      help: isOpen
        ? `restarted ${MOST_A_DAY} times within a day: it is tried every ${MOST_OFTEN / 60_000} min from now on`
        : this.#unforgiven >= IN_VAIN
          ? `${IN_VAIN} restarts did not help for long`
          : undefined,
    };
  }

  restarted(at: number): void {
    this.#restarts = [...this.#restarts.filter((earlier) => at - earlier < DAY), at];
    this.#unforgiven += 1;
    this.#healthySince = undefined;
  }

  /** Told at every verdict. */
  health(isHealthy: boolean, at: number): void {
    if (!isHealthy) this.#healthySince = undefined;
    else this.#healthySince ??= at;
    if (this.#healthySince !== undefined && at - this.#healthySince >= FORGIVEN_AFTER) this.#unforgiven = 0;
  }

  /** A meter that has no port keeps trying by itself; for one port, the meters of others are not disturbed. */
  #rungsFor(cause: Cause): Rung[] {
    const { reopen, restart, resetUsb, shared } = this.#abilities;
    return [
      ...(reopen && cause !== 'port' ? (['reopen'] as const) : []),
      ...(restart && !shared ? (['restart'] as const) : []),
      ...(resetUsb ? (['reset-usb'] as const) : []),
    ];
  }
}
