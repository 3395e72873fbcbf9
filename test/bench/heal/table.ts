import { quantile } from '../report.ts';
import { DESCRIPTIONS, FAULTS, type FaultName } from './faults.ts';
import type { Outcome } from './round.ts';

const QUANTILES = [0.5, 0.95, 1] as const;

/** p50 / p95 / max of what is known, in seconds or as counts. */
function spread(values: (number | undefined)[], show: (value: number) => string): string {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0) return '–';
  return QUANTILES.map((q) => show(quantile(known, q))).join(' / ');
}

const seconds = (ms: number) => (ms / 1000).toFixed(2);
const count = (value: number) => String(value);

/** A Markdown table, one row a system and fault; times in seconds, each as p50 / p95 / max. */
export function table(outcomes: readonly Outcome[]): string[] {
  const rows = groups(outcomes).map(([[system, fault], group]) => {
    const unended = group.filter(({ ended }) => !ended).length;
    const of = (part: 'detect' | 'stop' | 'start' | 'first' | 'gap') =>
      spread(
        group.map((outcome) => outcome[part]),
        seconds,
      );
    const lost = spread(
      group.map((outcome) => outcome.lost),
      count,
    );
    const rounds = `${group.length}${unended > 0 ? `, ${unended} given up` : ''}`;
    return [
      system,
      `${fault}: ${DESCRIPTIONS[fault]}`,
      rounds,
      of('detect'),
      lost,
      of('gap'),
      of('stop'),
      of('start'),
      of('first'),
    ];
  });
  const head = ['system', 'fault', 'rounds', 'T_D', 'readings lost', 'gap', 'stop', 'start', 'first reading'];
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
}

/** By how much the others are slower and lose more, fault by fault, in the mean and the median. */
export function ratios(outcomes: readonly Outcome[]): string[] {
  const ours = outcomes.filter(({ system }) => system === 'ours');
  return groups(outcomes.filter(({ system }) => system !== 'ours')).flatMap(([[system, fault], group]) => {
    const own = ours.filter((outcome) => outcome.fault === fault);
    if (own.length === 0) return [];
    const [lost, lostByUs] = [group, own].map((list) => mean(list.map((outcome) => outcome.lost)));
    const [slow, fast] = [group, own].map((list) =>
      quantile(
        list.flatMap(({ detect }) => detect ?? []),
        0.5,
      ),
    );
    const atLeast = group.some(({ ended }) => !ended) ? 'at least ' : '';
    return [
      `${system}, ${fault}: loses ${atLeast}${ratio(lost, lostByUs)} times as many readings ` +
        `(mean ${lost?.toFixed(1)} against ${lostByUs?.toFixed(1)}), T_D ${ratio(slow, fast)} times as long`,
    ];
  });
}

function groups(outcomes: readonly Outcome[]): [key: [string, FaultName], group: Outcome[]][] {
  const sorted = outcomes.toSorted((a, b) => rank(a) - rank(b));
  const byKey = Object.groupBy(sorted, ({ system, fault }) => `${system}\n${fault}`);
  return Object.values(byKey).flatMap((group) => {
    const [first] = group ?? [];
    return group && first ? [[[first.system, first.fault], group]] : [];
  });
}

/** By fault, in the order of their list; ours first. */
function rank({ system, fault }: Outcome): number {
  return 2 * FAULTS.indexOf(fault) + (system === 'ours' ? 0 : 1);
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function ratio(large = Number.NaN, small = Number.NaN): string {
  const times = large / small;
  return Number.isFinite(times) ? times.toFixed(1) : '–';
}
