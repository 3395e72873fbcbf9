/**
 * Nothing healthy is restarted: that many trials of one kind, in houses of real processes in which nothing is wrong
 * with any meter; the exit code is 1 when anything was restarted or even convicted.
 *
 *   npm run trials -- --kind broker-kill[,KIND…] [--trials 200] [--houses 12] [--seed 1] [--verbose]
 *
 * Kinds: broker-kill, broker-stop, agent-stop, clock, cpu, slow (they need socat; the first three mosquitto, clock
 * libfaketime) and operator (needs root, dockerd and docker-compose). Several kinds are tried one after the other.
 * 200 trials take 10 to 25 minutes a kind with 12 houses, which keep a processor half busy.
 *
 * Each trial waits until all verdicts are healthy and the agent's time of patience after its start, or after the last
 * trial, is over (31 s): within it nobody would be convicted anyway.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { print, quantile, teardownStack } from '../bench/report.ts';
import { KINDS, type KindName } from './kinds.ts';
import { OPERATOR, runOperatorTrials } from './operator.ts';
import { type Outcome, runTrials } from './run.ts';

const { values } = parseArgs({
  options: {
    kind: { type: 'string' },
    trials: { type: 'string', default: '200' },
    houses: { type: 'string', default: '12' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    entry: { type: 'string', default: new URL('../../dist/wattdog.js', import.meta.url).pathname },
    verbose: { type: 'boolean', default: false },
  },
});

const names: string[] = [...Object.keys(KINDS), 'operator'];
const kinds = (values.kind ?? names.join()).split(',');
for (const kind of kinds)
  if (!names.includes(kind)) throw new Error(`--kind: must be of ${names.join(', ')}, got ${kind}`);

let failed = false;
for (const kind of kinds) {
  const began = Date.now();
  const options = {
    trials: Number(values.trials),
    houses: Number(values.houses),
    seed: Number(values.seed),
    entry: values.entry,
    say: (outcome: Outcome, house: number) => {
      if (values.verbose || outcome.wrong.length > 0)
        print(`${kind}, house ${house}: ${JSON.stringify(outcome)} load ${loadavg()[0]?.toFixed(1)}`);
    },
  };
  const { t, end } = teardownStack();
  const leave = () => void end().finally(() => process.exit(1));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, leave);
  try {
    const outcomes = await (kind === 'operator'
      ? runOperatorTrials(t, options)
      : runTrials(t, { ...options, kind: kind as KindName }));
    report(kind, outcomes, began);
    failed ||= outcomes.some(({ wrong }) => wrong.length > 0);
  } finally {
    await end();
    for (const signal of ['SIGINT', 'SIGTERM']) process.removeListener(signal, leave);
  }
}
process.exitCode = failed ? 1 : 0;

function report(kind: string, outcomes: Outcome[], began: number): void {
  const what = kind === 'operator' ? OPERATOR : KINDS[kind as KindName].what;
  const wrong = outcomes.filter(({ wrong }) => wrong.length > 0).length;
  const blind = outcomes.filter(({ blind }) => blind).length;
  const back = outcomes.map(({ backMs }) => backMs).filter((ms) => !Number.isNaN(ms));
  const [middle, late, worst] = [0.5, 0.95, 1].map((q) => (quantile(back, q) / 1000).toFixed(1));
  const bound =
    wrong === 0
      ? `below ${(300 / outcomes.length || 0).toFixed(1)} % of such events at 95 % confidence`
      : 'NOT NONE';
  print(
    `${kind}: ${outcomes.length} trials, ${wrong} with a restart or conviction (${bound}); ` +
      `blind in ${blind}; healthy again after ${middle} / ${late} / ${worst} s (p50 / p95 / max); ` +
      `${Math.round((Date.now() - began) / 60_000)} minutes, seed ${values.seed}. ${what}`,
  );
}
