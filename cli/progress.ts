import type { Time } from '../shared/time.ts';
import type { LiveLine } from './live-line.ts';
import { showDuration } from './moment.ts';

/** How far some long work is. */
export interface Progress {
  /** @param done of the total, so far. */
  show(done: number): void;
  /** Takes the line away. */
  end(): void;
}

/** ms between two pictures. */
const PERIOD = 100;
/** ms of work before what is left can be told. */
const SETTLED = 1000;
const WIDEST_BAR = 30;
const count = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** A bar on a live line, with the rate and the time that is left. @param columns of the terminal. */
export function createProgress(
  label: string,
  total: number,
  line: LiveLine,
  { time, columns }: { time: Time; columns: number },
): Progress {
  const began = time.monotonic();
  let drawn = Number.NEGATIVE_INFINITY;
  return {
    show(done) {
      const now = time.monotonic();
      if (now - drawn < PERIOD) return;
      drawn = now;
      line.show(describeProgress(label, { done, total, elapsed: now - began }, columns));
    },
    end() {
      line.show('');
      line.end();
    },
  };
}

/** `vm  ██████░░░░   62 %  7,100 of 11,400  71,000/s  12 s left`; @param elapsed ms. */
export function describeProgress(
  label: string,
  { done, total, elapsed }: { done: number; total: number; elapsed: number },
  columns: number,
): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const rate = elapsed === 0 ? 0 : (1000 * done) / elapsed;
  const facts = [
    `${Math.floor(100 * share)} %`.padStart(5),
    `${count.format(done)} of ${count.format(total)}`,
    `${count.format(rate)}/s`,
    ...(elapsed >= SETTLED && done > 0
      ? [`${showDuration(1000 * Math.ceil((total - done) / rate))} left`]
      : []),
  ].join('  ');
  const room = Math.min(WIDEST_BAR, columns - label.length - facts.length - 5);
  const full = Math.round(share * room);
  const bar = room < 5 ? '' : `${'█'.repeat(full)}${'░'.repeat(room - full)}  `;
  return `${label}  ${bar}${facts}`;
}
