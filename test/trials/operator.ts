import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Dockerode from 'dockerode';
import { type EngineEvent, logEngine } from '../bench/heal/engine-log.ts';
import { forgetTrouble } from '../bench/heal/house.ts';
import { observe } from '../bench/heal/observer.ts';
import { steadyPort } from '../chaos/ports.ts';
import { seeded } from '../chaos/schedule.ts';
import { importNodeImage, type PrivateEngine, startEngine } from '../support/engine.ts';
import { type Owner, temporaryFolder, until } from '../support/system.ts';
import { CADENCE } from './house.ts';
import { HOLD } from './kinds.ts';
import { failed, type Outcome, type TrialOptions } from './run.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** ms for which the container stays stopped: more than twice as long as a silence that convicts takes. */
const STOPPED = 25_000;

export const OPERATOR =
  'an operator stops the meter’s container (docker stop, docker stop -t 0, compose stop), and starts it later';

/** That many operator's stops of containers on a private engine, each watched by a new agent. */
export async function runOperatorTrials(t: Owner, options: Omit<TrialOptions, 'kind'>): Promise<Outcome[]> {
  const engine = await startEngine();
  t.teardown(engine.stop);
  await importNodeImage(engine);
  const docker = new Dockerode({ socketPath: engine.socket });
  const events = await logEngine(t, docker);
  const outcomes: Outcome[] = [];
  let begun = 0;
  const live = async (number: number) => {
    const random = seeded(options.seed * 1000 + number);
    await sleep(2000 * number);
    const trial = await startHouse(t, engine, docker, events, `house-${number + 1}`, resolve(options.entry));
    while (begun < options.trials) {
      begun += 1;
      const outcome = await trial(random).catch(failed);
      outcomes.push(outcome);
      options.say?.(outcome, number + 1);
    }
  };
  await Promise.all(
    Array.from({ length: Math.min(options.houses, options.trials) }, (_, number) => live(number)),
  );
  return outcomes;
}

/** A meter in a container and the agent that may restart it; what it returns plays one trial there. */
async function startHouse(
  t: Owner,
  engine: PrivateEngine,
  docker: Dockerode,
  events: readonly EngineEvent[],
  name: string,
  entry: string,
): Promise<(random: () => number) => Promise<Outcome>> {
  const folder = temporaryFolder(t);
  const data = join(folder, 'agent');
  const port = await steadyPort();
  const url = `mqtt://127.0.0.1:${port}`;
  const start = () => {
    const settings = [
      ...['--data', data, '--name', name, '--agent.docker.socket', engine.socket],
      ...['--agent.http.port', '0', '--broker.port', String(port), '--agent.docker.labels', 'false'],
    ];
    return spawn(process.execPath, [entry, 'agent', ...settings], { cwd: folder, stdio: 'ignore' });
  };
  let agent = start();
  const endAgent = async () => {
    if (agent.exitCode !== null || agent.signalCode !== null) return;
    const exited = once(agent, 'exit');
    agent.kill('SIGTERM');
    await exited;
  };
  t.teardown(endAgent);
  const observer = observe(t, url);

  const file = join(folder, 'compose.json');
  writeFileSync(file, JSON.stringify(composition(name, url, entry)));
  const compose = (...args: string[]) => engine.compose('--file', file, '--project-name', name, ...args);
  await compose('up', '--detach');
  const container = docker.getContainer((await compose('ps', '--quiet', 'meter')).trim());

  const healthy = (from: number) =>
    until(`${name}: to be healthy`, 180_000, () => {
      if (agent.exitCode !== null) throw new Error(`the agent ended with code ${agent.exitCode}`);
      return observer.verdict(name, from)?.state === 'healthy' && observer.lastReading >= from;
    });
  await healthy(0);

  return async (random) => {
    // An agent that has met an operator's stop before would wait before it tries anything.
    await endAgent();
    forgetTrouble(join(data, 'agent.db'));
    const renewed = Date.now();
    agent = start();
    await healthy(renewed);
    await sleep(HOLD + CADENCE * random());

    const from = Date.now();
    const ways = [
      () => engine.docker('stop', container.id),
      () => engine.docker('stop', '--time', '0', container.id),
      () => compose('stop', 'meter'),
    ];
    await ways[Math.floor(random() * ways.length)]?.();
    await sleep(STOPPED);
    const { State } = await container.inspect();
    const over = Date.now();
    if (State.Running) return { wrong: ['the container runs'], blind: false, backMs: Number.NaN };
    await container.start();
    await healthy(over);
    const backMs = Date.now() - over;
    await sleep(5000);
    const wrong = observer.told
      .filter(({ at, event }) => at >= from && event === 'restarted')
      .map(({ event }) => event);
    const starts = events.filter(
      ({ at, container: id, action }) => id === container.id && at >= from && action === 'start',
    ).length;
    if (starts !== 1) wrong.push(`it was started ${starts} times`);
    const blind = observer.judged.some(({ at, state }) => at >= from && state === 'blind');
    return { wrong, blind, backMs };
  };
}

function composition(name: string, url: string, entry: string): object {
  const meter = {
    image: 'wattdog-test-node',
    network_mode: 'host',
    restart: 'unless-stopped',
    stop_grace_period: '3s',
    tmpfs: ['/tmp', '/data'],
    volumes: [`${ROOT}:${ROOT}:ro`],
    labels: { 'wattdog.watch': name },
    command: ['node', entry, 'meter', '--name', name, '--data', '/data', '--mqtt.url', url],
  };
  return { services: { meter } };
}
