/**
 * The chaos run: the real pipeline in real processes, ended, frozen, cut off, unplugged and misled at random; then
 * what the device measured is compared with the journal and the store, reading by reading.
 *
 *   npm run chaos -- --seed S --kills N --minutes M [--broker embedded|mosquitto]
 *     [--store victoriametrics|influxdb] [--margin MS] [--without KIND,…] [--verbose]
 *
 * Needs socat, the store and, where asked for, mosquitto; a disk that fills needs root, clocks that step libfaketime.
 * The exit code is 0 when nothing was lost, nothing is there twice and energy is right; otherwise the data stays.
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { print, teardownStack } from '../bench/report.ts';
import { findProgram } from '../support/programs.ts';
import { isClean, type Result } from './compare.ts';
import { explain } from './explain.ts';
import { BROKERS } from './pipeline.ts';
import { runChaos } from './run.ts';
import { STORES } from './store.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    kills: { type: 'string', default: '100' },
    minutes: { type: 'string', default: '3' },
    broker: { type: 'string', default: 'embedded' },
    store: { type: 'string', default: 'victoriametrics' },
    margin: { type: 'string', default: '250' },
    entry: { type: 'string', default: new URL('../../dist/wattdog.js', import.meta.url).pathname },
    without: { type: 'string', default: '' },
    verbose: { type: 'boolean', default: false },
  },
});

const say = (text: string) => void process.stderr.write(`${text}\n`);

function oneOf<T extends string>(name: string, value: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new Error(`--${name}: must be one of ${choices.join(', ')}, got ${value}`);
  return found;
}

function numberOf(name: string, value: string): number {
  if (!/^\d+(\.\d+)?$/.test(value)) throw new Error(`--${name}: must be a number, got ${value}`);
  return Number(value);
}

function summary(result: Result, more: Record<string, number>): string {
  const { problems: _, energyErrorKwh, inFlight, oldestInFlightMs, ...counts } = result;
  const all = {
    ...counts,
    energy_error_kwh: energyErrorKwh,
    in_flight: inFlight,
    oldest_in_flight_ms: oldestInFlightMs,
    ...more,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${Number.isInteger(value) ? value : Number(value.toPrecision(3))}`)
    .join(' ');
}

const options = {
  seed: numberOf('seed', values.seed),
  kills: numberOf('kills', values.kills),
  minutes: numberOf('minutes', values.minutes),
  without: values.without.split(','),
  broker: oneOf('broker', values.broker, BROKERS),
  store: oneOf('store', values.store, STORES),
  marginMs: numberOf('margin', values.margin),
  entry: values.entry,
  folder: mkdtempSync(join(tmpdir(), 'wattdog-chaos-')),
};
const PROGRAMS = {
  embedded: [],
  mosquitto: ['mosquitto'],
  victoriametrics: ['victoria-metrics'],
  influxdb: ['influxd'],
};
for (const program of ['socat', ...PROGRAMS[options.broker], ...PROGRAMS[options.store]])
  if (findProgram(program) === undefined)
    throw new Error(`this run needs ${program}, which is not installed`);

const { t, end } = teardownStack();
const started = Date.now();
let ending: Promise<void> | undefined;
const endOnce = () => {
  ending ??= end().finally(() => {
    if (process.exitCode === 0) rmSync(options.folder, { recursive: true });
    else say(`logs and data are in ${options.folder}`);
  });
  return ending;
};
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void endOnce().finally(() => process.exit(130)));
process.exitCode = 1;
try {
  const { result, faults, startedAt, pipeline } = await runChaos(t, options, values.verbose ? say : () => {});
  const exits = [...pipeline.meter.exits, ...pipeline.agent.exits];
  for (const exit of exits) say(`ended unasked with ${exit}`);
  const kills = faults.filter(({ kind }) => kind === 'kill').length;
  print(
    summary(result, {
      kills,
      faults: faults.length - kills,
      exits: exits.length,
      seed: options.seed,
      seconds: Math.round((Date.now() - started) / 1000),
    }),
  );
  const tally = Map.groupBy(faults, ({ kind, target }) => `${kind} ${target}`);
  say(
    [...tally]
      .map(([what, { length }]) => `${what}: ${length}`)
      .toSorted()
      .join(', '),
  );
  if (isClean(result)) process.exitCode = 0;
  else {
    // Unmounted in a moment.
    cpSync(join(options.folder, 'meter'), join(options.folder, 'meter-at-the-end'), { recursive: true });
    for (const line of explain(result, faults, pipeline.feeder.lines, startedAt)) say(line);
    writeFileSync(
      join(options.folder, 'evidence.json'),
      JSON.stringify({ result, faults, startedAt, spans: pipeline.spans.list, lines: pipeline.feeder.lines }),
    );
  }
} catch (error) {
  say(String(error instanceof Error ? error.stack : error));
} finally {
  await endOnce();
}
