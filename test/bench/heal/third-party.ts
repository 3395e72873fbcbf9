import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Dockerode from 'dockerode';
import type { PrivateEngine } from '../../support/engine.ts';
import { findProgram } from '../../support/programs.ts';
import { type Link, openLink } from '../../support/proxy.ts';
import { freePort, type Owner, temporaryFolder, until } from '../../support/system.ts';
import { type EngineEvent, firstOf, logEngine } from './engine-log.ts';
import { forgetTrouble } from './house.ts';
import { type Observer, observe } from './observer.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PUBLISHER = fileURLToPath(new URL('./publisher.ts', import.meta.url));
const NAME = 'lamp';
const TOPIC = 'lamp/state';
const WATCH = { name: NAME, topics: [TOPIC], container: NAME, progress: 'n' };
/** ms between two of its messages. */
const PERIOD = 1000;

/** What can go wrong with a container that is not ours, and about which only its messages tell. */
export const PUBLISHER_FAULTS = ['silence', 'retained-only', 'frozen-payload'] as const;
export type PublisherFault = (typeof PUBLISHER_FAULTS)[number];

export interface PublisherOutcome {
  fault: PublisherFault;
  /** ms from the fault to the conviction, and to the new start of its container; absent where there was none. */
  detect?: number;
  running?: number;
}

/** An agent, Mosquitto, and a publisher in a container that the agent may restart. */
export interface ThirdParty {
  play(fault: PublisherFault): Promise<PublisherOutcome>;
}

/** @param engine has the image of `importNodeImage`. */
export async function startThirdParty(t: Owner, engine: PrivateEngine, holdMs: number): Promise<ThirdParty> {
  const folder = temporaryFolder(t);
  const port = await startMosquitto(t, folder);
  const link = await openLink(t, await freePort(), port);
  const url = `mqtt://127.0.0.1:${port}`;
  const docker = new Dockerode({ socketPath: engine.socket });
  const id = await engine.docker(
    ...['run', '--detach', '--network', 'host', '--name', NAME, '--restart', 'unless-stopped'],
    ...['--volume', `${ROOT}:${ROOT}:ro`, 'wattdog-test-node'],
    ...['node', PUBLISHER, url, TOPIC, String(PERIOD)],
  );
  const house: Parts = {
    container: docker.getContainer(id),
    link,
    engine: await logEngine(t, docker),
    observer: observe(t, url),
  };
  const data = join(folder, 'data');
  const start = () =>
    spawn(
      process.execPath,
      [
        ...[
          join(ROOT, 'cli/main.ts'),
          'agent',
          '--data',
          data,
          '--mqtt.url',
          `mqtt://127.0.0.1:${link.port}`,
        ],
        ...['--agent.http.port', '0', '--agent.docker.socket', engine.socket],
        ...['--agent.docker.labels', 'false', '--log.format', 'json'],
        ...['--agent.watches', JSON.stringify([WATCH])],
      ],
      { cwd: folder, stdio: 'ignore' },
    );
  let agent = start();
  t.teardown(() => end(agent));
  const judged = (from: number, ...states: string[]) =>
    until(`${NAME} to be ${states.join(' or ')}`, 150_000, () => {
      if (agent.exitCode !== null) throw new Error(`the agent ended with code ${agent.exitCode}`);
      return states.includes(house.observer.verdict(NAME, from)?.state ?? '');
    });
  await judged(0, 'healthy');
  return {
    async play(fault) {
      await end(agent);
      forgetTrouble(join(data, 'agent.db'));
      const from = Date.now();
      agent = start();
      await judged(from, 'healthy');
      await sleep(holdMs + Math.random() * PERIOD);
      return await playPublisherRound(house, fault);
    },
  };
}

interface Parts {
  container: Dockerode.Container;
  link: Link;
  engine: readonly EngineEvent[];
  observer: Observer;
}

async function playPublisherRound(
  { container, link, engine, observer }: Parts,
  fault: PublisherFault,
): Promise<PublisherOutcome> {
  const pid = (await container.inspect()).State.Pid;
  const began = Date.now();
  process.kill(pid, fault === 'frozen-payload' ? 'SIGUSR2' : 'SIGSTOP');
  if (fault === 'retained-only') {
    // The agent subscribes again, and is given the last message again.
    await sleep(PERIOD);
    link.cut();
    await link.heal();
  }
  const outcome: PublisherOutcome = { fault };
  const stalled = await until('a conviction', 120_000, () =>
    observer.told.find(({ at, watch, event }) => at >= began && watch === NAME && event === 'stalled'),
  ).catch(() => undefined);
  if (stalled) {
    outcome.detect = stalled.at - began;
    const running = await until('its restart', 60_000, () =>
      firstOf(engine, container.id, began, 'start', 'unpause'),
    ).catch(() => undefined);
    if (running !== undefined) outcome.running = running - began;
  }
  if (outcome.running === undefined) await container.restart({ t: 0 });
  return outcome;
}

async function startMosquitto(t: Owner, folder: string): Promise<number> {
  const port = await freePort();
  const config = join(folder, 'mosquitto.conf');
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\n`);
  const mosquitto = spawn(findProgram('mosquitto') ?? 'mosquitto', ['-c', config], { stdio: 'ignore' });
  t.teardown(() => end(mosquitto));
  return port;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
