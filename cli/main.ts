#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { GiveUpError } from '../shared/errors.ts';
import { createLog } from '../shared/log.ts';
import { systemTime } from '../shared/time.ts';
import type { AgentClient } from './agent-client.ts';
import { type Arguments, meant, parseArguments } from './arguments.ts';
import { findCommand, help, usage } from './help.ts';
import { assumeIdentity } from './identity.ts';
import { screenOf } from './screen.ts';
import { settingsFor } from './settings.ts';

type Command = (args: Arguments, signal: AbortSignal) => Promise<void>;

const stdout = screenOf(process.stdout);
const stderr = screenOf(process.stderr);

/** Each command loads only what it needs: start-up time is lost data. */
const RUN: Record<string, Command> = {
  async up(args, signal) {
    const settings = settingsFor(args, process.env);
    const { up } = await import('./up.ts');
    const [entry = ''] = process.argv.slice(1);
    await up(
      settings,
      { time: systemTime, terminal: process.stdout, entry, args: process.argv.slice(3) },
      signal,
    );
  },
  async agent(args, signal) {
    const settings = settingsFor(args, process.env);
    const { runAgent } = await import('../agent/main.ts');
    await runAgent(settings, { time: systemTime, log: await createLog(settings.log) }, signal);
  },
  async meter(args, signal) {
    const settings = settingsFor(args, process.env);
    const { runMeter } = await import('../meter/main.ts');
    await runMeter(settings, { time: systemTime, log: await createLog(settings.log) }, signal);
  },
  async broker(args, signal) {
    const settings = settingsFor(args, process.env);
    const { runBroker } = await import('../broker/main.ts');
    await runBroker(settings, { log: await createLog(settings.log) }, signal);
  },
  async gaps(args) {
    const { listGaps } = await import('./history.ts');
    listGaps(args, settingsFor(args, process.env), stdout);
  },
  async export(args, signal) {
    const { exportJournal } = await import('./history.ts');
    await exportJournal(
      args,
      settingsFor(args, process.env),
      { out: process.stdout, progress: stderr },
      signal,
    );
  },
  async replay(args, signal) {
    const { replayJournal } = await import('./history.ts');
    await replayJournal(args, settingsFor(args, process.env), stderr, signal);
  },
  async 'dead-letters'(args) {
    const { listDeadLetters } = await import('./history.ts');
    listDeadLetters(args, settingsFor(args, process.env), stdout);
  },
  meters: asking('listMeters'),
  watches: asking('listWatches'),
  incidents: asking('listIncidents'),
  hold: asking('hold'),
  release: asking('release'),
  restart: asking('restart'),
  drill: asking('drill'),
  forget: asking('forget'),
  async watch(args, signal) {
    const { watch } = await import('./watch/watch.ts');
    const agent = await agentOf(args, signal);
    await watch(agent, args, { out: stdout, notes: stderr, time: systemTime }, signal);
  },
  async ports(args) {
    const { listPorts } = await import('./ports.ts');
    listPorts(args, process.env, stdout);
  },
  async sniff(args, signal) {
    const { sniff } = await import('./sniff/sniff.ts');
    await sniff(args, process.env, { out: stdout, notes: stderr, time: systemTime }, signal);
  },
  async decode(args) {
    const { decodeCapture } = await import('./decode.ts');
    await decodeCapture(args, process.env, { input: process.stdin, out: stdout, notes: stderr });
  },
  async check(args, signal) {
    const { check } = await import('./check/check.ts');
    await check(args, settingsFor(args, process.env), { out: stdout, time: systemTime }, signal);
  },
  async tariff(args, signal) {
    const { tariff } = await import('./tariff/tariff.ts');
    await tariff(args, { out: stdout, notes: stderr, time: systemTime, environment: process.env }, signal);
  },
  async help({ words: [topic = ''] }) {
    stdout.write(await help(topic, stdout.paint));
  },
  async healthcheck({ words: [role] }) {
    const { missedHeartbeat } = await import('../shared/heartbeat.ts');
    if (role !== 'agent' && role !== 'meter' && role !== 'broker')
      throw new GiveUpError(`checking health: the role must be agent, meter or broker, got ${role}`, 2);
    const missed = missedHeartbeat(role, Date.now());
    if (missed !== undefined)
      throw new GiveUpError(`checking health: the ${role} shows no sign of life on this machine`);
  },
  async 'hash-password'() {
    const { text } = await import('node:stream/consumers');
    const { hashPassword } = await import('../broker/passwords.ts');
    process.stdout.write(`${await hashPassword((await text(process.stdin)).replace(/\r?\n$/, ''))}\n`);
  },
};

/** A command that asks the running agent. */
function asking(command: keyof typeof import('./operate.ts')): Command {
  return async (args, signal) => {
    const operate = await import('./operate.ts');
    await operate[command](await agentOf(args, signal), args, stdout);
  };
}

async function agentOf(args: Arguments, signal: AbortSignal): Promise<AgentClient> {
  const settings = settingsFor(args, process.env);
  const { openAgent } = await import('./agent-client.ts');
  return openAgent(settings, args.options.agent, signal);
}

// A heap that grows in small steps, and a young generation that does not grow: a burst costs 100 MB less.
setFlagsFromString('--heap-growing-percent=60');
setFlagsFromString('--semi-space-growth-factor=1');

async function main([command = '', ...rest]: string[]): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  if (process.channel) {
    // Started by `up`: when that is gone, there is nobody left to end us.
    process.once('disconnect', () => stop.abort());
    process.channel.unref();
  }
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Who reads us has read enough, such as `head`.
    if (error.code !== 'EPIPE') throw error;
    stop.abort(error);
  });
  if (command === '--version') {
    const { VERSION } = await import('../shared/version.ts');
    stdout.write(`wattdog ${VERSION}\n`);
    return;
  }
  if (command === '' || command === '--help' || command === '-h') {
    stdout.write(await help('', stdout.paint));
    return;
  }
  const { words = [], options = {} } = findCommand(command);
  const own = Object.keys(options);
  const args = parseArguments(rest, own);
  if (args.help) {
    stdout.write(await help(command, stdout.paint));
    return;
  }
  checkWords(command, words, args.words);
  await checkFlags(command, own, args.flags);
  await RUN[command]?.(args, stop.signal);
}

function checkWords(command: string, wanted: readonly string[], given: readonly string[]): void {
  const least = wanted.filter((word) => !word.endsWith('?')).length;
  if (given.length >= least && given.length <= wanted.length) return;
  const rule =
    wanted.length === 0 ? 'settings are given as --NAME VALUE' : `must be \`${usage(command, wanted)}\``;
  throw new GiveUpError(`running wattdog ${command}: ${rule}, got ${given.join(' ') || 'nothing'}`, 2);
}

/** A name without a dot is more likely an option that was mistyped than a setting. */
async function checkFlags(
  command: string,
  own: readonly string[],
  flags: Readonly<Record<string, string>>,
): Promise<void> {
  const doubtful = Object.keys(flags).filter((name) => !/[._]/.test(name));
  if (doubtful.length === 0) return;
  const { findKey } = await import('../shared/settings/keys.ts');
  const strange = doubtful.find((name) => findKey(name.toUpperCase()) === undefined);
  if (strange === undefined) return;
  const options = own.map((option) => option.split(' ')[0] ?? '');
  throw new GiveUpError(
    `running wattdog ${command}: --${strange} is no option of it and no setting${meant(strange, options) || `; \`wattdog help ${command}\` lists them`}`,
    2,
  );
}

try {
  assumeIdentity(process, process.argv[2] ?? '', process.env);
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof GiveUpError)) throw error;
  process.stderr.write(`wattdog: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
