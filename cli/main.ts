#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { GiveUpError } from '../shared/errors.ts';
import { createLog } from '../shared/log.ts';
import { systemTime } from '../shared/time.ts';
import { type Arguments, parseArguments } from './arguments.ts';
import { COMMANDS } from './commands.ts';
import { help, usage } from './help.ts';
import { settingsFor } from './settings.ts';

type Command = (args: Arguments, signal: AbortSignal) => Promise<void>;

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
    listGaps(args, settingsFor(args, process.env), process.stdout);
  },
  async export(args, signal) {
    const { exportJournal } = await import('./history.ts');
    await exportJournal(args, settingsFor(args, process.env), process.stdout, signal);
  },
  async replay(args, signal) {
    const { replayJournal } = await import('./history.ts');
    await replayJournal(args, settingsFor(args, process.env), process.stderr, signal);
  },
  async 'dead-letters'(args) {
    const { listDeadLetters } = await import('./history.ts');
    listDeadLetters(args, settingsFor(args, process.env), process.stdout);
  },
  watches: asking('listWatches'),
  incidents: asking('listIncidents'),
  hold: asking('hold'),
  release: asking('release'),
  restart: asking('restart'),
  drill: asking('drill'),
  async check(args) {
    const settings = settingsFor(args, process.env);
    const { findTariff } = await import('../meter/tariff.ts');
    const { showSettings } = await import('../shared/settings/load.ts');
    findTariff(settings.meter.tariff);
    process.stdout.write(showSettings(settings));
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
    const { http } = settingsFor(args, process.env).agent;
    const [operate, { openAgent }] = await Promise.all([import('./operate.ts'), import('./agent-client.ts')]);
    await operate[command](openAgent(http, args.options.agent, signal), args, process.stdout);
  };
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
  const info = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  const args = parseArguments(rest, Object.keys(info?.options ?? {}));
  if (command === '' || command === '--help' || command === '-h' || args.help) {
    process.stdout.write(await help(command));
    return;
  }
  const run = info && RUN[command];
  if (info === undefined || run === undefined)
    throw new GiveUpError(
      `running wattdog: the command must be one of ${Object.keys(COMMANDS).join(', ')}, got ${command}`,
      2,
    );
  checkWords(command, info.words ?? [], args.words);
  await run(args, stop.signal);
}

function checkWords(command: string, wanted: readonly string[], given: readonly string[]): void {
  if (given.length === wanted.length) return;
  const rule =
    wanted.length === 0 ? 'settings are given as --NAME VALUE' : `must be \`${usage(command, wanted)}\``;
  throw new GiveUpError(`running wattdog ${command}: ${rule}, got ${given.join(' ') || 'nothing'}`, 2);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof GiveUpError)) throw error;
  process.stderr.write(`wattdog: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
