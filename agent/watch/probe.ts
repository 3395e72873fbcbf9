import type { ProbeAnswer } from '../../shared/wire.ts';

/** ms without an answer that convict, at least and at most. */
const LEAST_PATIENCE = 2000;
const MOST_PATIENCE = 15_000;
/** How many times slower than it ever was lately an answer must be, and than everything around us. */
const SLOWER_THAN_ITSELF = 5;
const SLOWER_THAN_US = 4;
/** Answers remembered: five minutes, at two a second. */
const MEMORY = 600;
/** Questions kept open: the oldest is the one that counts. */
const MOST_OPEN = 200;

/**
 * Asks one meter whether its process turns. Only a process that has answered in this sight of ours can be
 * convicted by not answering: one that never did may not know the question. Pure; ms of a monotonic clock.
 */
export class Probe {
  #open: { token: string; at: number }[] = [];
  #knowsTheQuestion = false;
  #roundTrips: number[] = [];
  #last: { answer: ProbeAnswer; at: number } | undefined;

  asked(token: string, at: number): void {
    if (this.#open.length < MOST_OPEN) this.#open.push({ token, at });
  }

  /** @returns whether it is an answer to a question of ours that is still open. */
  answered(answer: ProbeAnswer, at: number): boolean {
    const index = this.#open.findIndex(({ token }) => token === answer.probe);
    const question = this.#open[index];
    if (question === undefined) return false;
    this.#open.splice(0, index + 1);
    this.#roundTrips.push(at - question.at);
    if (this.#roundTrips.length > MEMORY) this.#roundTrips.shift();
    this.#knowsTheQuestion = true;
    this.#last = { answer, at };
    return true;
  }

  /** A fresh message of the same process answers all that was asked before it, however slow its answers are. */
  lives(at: number): void {
    this.#open = this.#open.filter((question) => question.at > at);
  }

  /** What was asked will not be answered, and that is no fault of the meter's. */
  forget(): void {
    this.#open = [];
    this.#knowsTheQuestion = false;
  }

  /** How long the oldest question has been open, and how long convicts; undefined where it may not know the question. */
  patience(at: number, strain: number): { unanswered: number; limit: number } | undefined {
    if (!this.#knowsTheQuestion) return undefined;
    const slowest = Math.max(0, ...this.#roundTrips);
    const limit = Math.max(LEAST_PATIENCE, SLOWER_THAN_ITSELF * slowest, SLOWER_THAN_US * strain);
    return { unanswered: at - (this.#open[0]?.at ?? at), limit: Math.min(limit, MOST_PATIENCE) };
  }

  /** The last answer and its age in ms. */
  last(at: number): (ProbeAnswer & { age: number }) | undefined {
    return this.#last && { ...this.#last.answer, age: at - this.#last.at };
  }
}
