import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import Dockerode from 'dockerode';
import { type Deployment, startDeployment } from '../../support/deployment.ts';
import type { PrivateEngine } from '../../support/engine.ts';
import { type Owner, until } from '../../support/system.ts';
import { type EngineEvent, logEngine } from './engine-log.ts';
import { type Observer, observe } from './observer.ts';

const METRIC = 'electricity_power_watts';
/** ms until a new deployment must have learned the meter's cadence, beside 60 of its gaps. */
const START = 120_000;

/** One deployment of compose.yaml, with everything that tells what happens in it. */
export interface House {
  readonly name: string;
  readonly home: Deployment;
  readonly cadence: number;
  readonly meter: Dockerode.Container;
  readonly engine: readonly EngineEvent[];
  readonly agent: Observer;
  /** Does it while no other house of its kind does such a thing: they would be measured by each other's load. */
  alone: Turns;
  meterPid(): Promise<number>;
  /** Times of the readings in the store, ascending; ms since 1970. */
  readings(from: number): Promise<number[]>;
  /** A new agent that has learned the cadence but remembers no trouble; resolves when it convicts on silence, too. */
  renewAgent(): Promise<void>;
  /** Resolves when readings come again. */
  steady(): Promise<void>;
}

/** Runs what it is given, in turn. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/** One thing after the other. */
export function inTurn(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  };
}

interface Options {
  name: string;
  alone: Turns;
  cadence: number;
  /** ms that a new agent needs before silence convicts. */
  holdMs: number;
  /** False: the agent tells, and restarts nothing. */
  heals: boolean;
  /** What compose merges into the meter's service. */
  meter?: object;
}

export async function startHouse(t: Owner, engine: PrivateEngine, options: Options): Promise<House> {
  const { name, alone, cadence, holdMs, heals } = options;
  // There are other houses on the engine, whose meters carry labels of this kind, too.
  const environment = {
    WATTDOG_AGENT_DOCKER_LABELS: 'false',
    ...(heals ? {} : { WATTDOG_AGENT_DOCKER_SOCKET: '/nowhere' }),
  };
  const home = await startDeployment(t, engine, cadence, {
    name,
    override: { services: { agent: { environment }, meter: options.meter ?? {} } },
  });
  const docker = new Dockerode({ socketPath: engine.socket });
  const [agentId, meterId] = [await home.container('agent'), await home.container('meter')];
  const events = await logEngine(t, docker);
  const agent = observe(t, `mqtt://127.0.0.1:${home.mqtt}`, {
    username: 'reader',
    password: await home.password('reader'),
  });
  const meter = docker.getContainer(meterId);
  const agentContainer = docker.getContainer(agentId);
  const state = join(await home.volume('agent'), 'agent.db');
  const readings = (from: number) => home.times(METRIC, from);

  const house: House = {
    name,
    home,
    cadence,
    meter,
    engine: events,
    agent,
    alone,
    meterPid: async () => (await meter.inspect()).State.Pid,
    readings,
    async renewAgent() {
      await alone(async () => {
        await agentContainer.stop({ t: 5 });
        forgetTrouble(state);
        const from = Date.now();
        await agentContainer.start();
        await until(`${name}: a verdict of the new agent`, 30_000, () => {
          const verdict = agent.verdict(name, from);
          return verdict !== undefined && verdict.state !== 'blind';
        });
      });
      await sleep(holdMs);
      await house.steady();
    },
    async steady() {
      const from = Date.now() - cadence;
      await until(`${name}: readings`, 3 * cadence + 30_000, async () => (await readings(from)).length > 0);
      await until(`${name}: a verdict without suspicion`, START, () =>
        // A young watch learns anew after the long silences of those that heal late.
        ['healthy', 'learning'].includes(agent.verdict(name)?.state ?? ''),
      );
    },
  };
  await until(`${name}: the first readings`, START + 2 * cadence, async () => (await readings(0)).length > 0);
  // What is learned in a minute must be learned; a meter that is slower than that is judged without.
  await until(`${name}: the cadence to be learned`, START, () =>
    ['healthy', ...(cadence > 2000 ? ['learning'] : [])].includes(agent.verdict(name)?.state ?? ''),
  );
  return house;
}

/** Empties the agent's memory but for the cadences: the next try must not wait for the back-off of the last. */
export function forgetTrouble(path: string): void {
  const db = new DatabaseSync(path);
  try {
    const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    for (const { name } of tables)
      if (name !== 'cadence' && !String(name).startsWith('sqlite_')) db.exec(`DELETE FROM "${name}"`);
  } finally {
    db.close();
  }
}
