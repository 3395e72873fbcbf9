import type { Meter } from '../shared/settings/meter.ts';
import type { Reading } from '../shared/wire.ts';
import type { Sample } from './decoders/decoder.ts';

/** kWh taken in and fed out, totals of one meter. */
interface Totals {
  energy: number;
  exported: number;
}

/** What must outlive the process; kept in the same row as the reading it belongs to. */
export interface ComputedState {
  /** What each member had counted when it was last added up. */
  members: Record<string, Totals>;
  /** kWh, all that was added up less all that was taken off. */
  balance: number;
  /** kWh, the meter's own registers; `import` is the highest that `balance` ever was. */
  import: number;
  export?: number;
}

interface Heard extends Totals {
  power: number;
  basis: Reading['power_basis'];
  /** ms on the monotonic clock. */
  at: number;
  feedsOut: boolean;
  /** Since it was last added up, something was not counted. */
  estimated: boolean;
}

/** Less than this share of what a meter had counted: it began to count anew. */
const ANEW = 0.5;

/**
 * A meter made of others: what some count less what others do, such as the rest of the house.
 *
 * Its energy comes from their totals, so nothing is lost however long one was away. They tell them at
 * different times: a part may be told before the whole, and the balance fall for a moment. That is a debt,
 * paid by what comes next, and never energy that was fed out: the register stands at the highest the
 * balance ever was, never falls, and is exact again once the debt is paid. A sum of meters has no debts:
 * what each takes in and feeds out is added up apart.
 */
export class Computed {
  readonly #of: NonNullable<Meter['computed']>;
  readonly #patience: (member: string) => number;
  readonly #heard = new Map<string, Heard>();
  #state: ComputedState;

  /** @param patience ms after which the last reading of a member says nothing about the present any more. */
  constructor(
    of: NonNullable<Meter['computed']>,
    patience: (member: string) => number,
    state: ComputedState = { members: {}, balance: 0, import: 0 },
  ) {
    this.#of = of;
    this.#patience = patience;
    this.#state = state;
  }

  get state(): ComputedState {
    return this.#state;
  }

  isOf(name: string): boolean {
    return this.#of.plus.includes(name) || this.#of.minus.includes(name);
  }

  /** The members that it waits for. @param at ms on the monotonic clock. */
  away(at: number): string[] {
    return [...this.#of.plus, ...this.#of.minus].filter((name) => this.#present([name], at) === undefined);
  }

  /**
   * A member's newest reading. @param at ms on the monotonic clock.
   * @returns a sample with each reading of the first member, while all others are there.
   */
  hears(member: string, reading: Reading, at: number): Sample | undefined {
    if (!this.isOf(member)) return undefined;
    const { power, power_basis, energy, export_energy, quality, gap_estimated_energy } = reading;
    const isEstimated = quality === 'estimated' || gap_estimated_energy !== undefined;
    this.#heard.set(member, {
      ...{ power, basis: power_basis, energy, exported: export_energy ?? 0, at },
      feedsOut: export_energy !== undefined,
      estimated: isEstimated || this.#heard.get(member)?.estimated === true,
    });
    const { plus, minus } = this.#of;
    if (member !== plus[0]) return undefined;
    const [added, taken] = [plus, minus].map((names) => this.#present(names, at));
    return added && taken ? this.#add(added, taken) : undefined;
  }

  /** Undefined while one of them is away. */
  #present(names: readonly string[], at: number): Map<string, Heard> | undefined {
    const present = new Map<string, Heard>();
    for (const name of names) {
      const heard = this.#heard.get(name);
      if (heard === undefined || at - heard.at > this.#patience(name)) return undefined;
      present.set(name, heard);
    }
    return present;
  }

  #add(added: Map<string, Heard>, taken: Map<string, Heard>): Sample {
    const before = this.#state;
    const [more, less] = [this.#growth(added), this.#growth(taken)];
    const isSum = taken.size === 0;
    const net = more.energy - less.energy - (isSum ? 0 : more.exported - less.exported);
    const balance = before.balance + net;
    const feedsOut = isSum && [...added.values()].some((heard) => heard.feedsOut);
    const registers = {
      import: Math.max(before.import, balance),
      ...(feedsOut ? { export: (before.export ?? 0) + more.exported } : {}),
    };
    const members = Object.fromEntries(
      [...added, ...taken].map(([name, { energy, exported }]) => [name, { energy, exported }]),
    );
    this.#state = { ...before, members, balance, ...registers };
    const present = [...added.values(), ...taken.values()];
    const isEstimated = present.some(({ estimated }) => estimated);
    for (const heard of present) heard.estimated = false;
    const powerBasis = (['apparent', 'power_factor'] as const).find((basis) =>
      present.some((heard) => heard.basis === basis),
    );
    const power = (of: Map<string, Heard>) => [...of.values()].reduce((sum, heard) => sum + heard.power, 0);
    return {
      phases: [],
      power: power(added) - power(taken),
      ...(powerBasis && { powerBasis }),
      registers,
      ...(isEstimated ? { estimated: true } : {}),
    };
  }

  /** What meters counted since they were last added up; what they counted before they were first is not ours. */
  #growth(heard: Map<string, Heard>): Totals {
    const sum: Totals = { energy: 0, exported: 0 };
    for (const [name, now] of heard) {
      const before = this.#state.members[name] ?? now;
      sum.energy += grown(now.energy, before.energy);
      sum.exported += grown(now.exported, before.exported);
    }
    return sum;
  }
}

/** A total may fall back a little: after a power cut, its last readings may be lost. */
function grown(now: number, before: number): number {
  return now < before * ANEW ? now : now - before;
}
