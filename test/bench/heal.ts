/**
 * The live benchmark of healing: breaks the meter's container of real deployments on a real engine, again and
 * again at a random phase, and tells how long it took until it was known, and what was lost; the same for two
 * other ways of healing, with the same image, on the same engine, at the same time.
 *
 *   npm run bench:heal -- [--rounds 20] [--peer-rounds 3] [--cadence 1200] [--faults sigstop,…]
 *                         [--systems ours,…] [--houses 4] [--hold 31000] [--json FILE]
 *
 * As root, with dockerd, docker-compose, debootstrap, nsenter, victoria-metrics, mosquitto and socat. All of it
 * takes about 25 minutes; `--systems ours --faults sigstop --rounds 10` takes six. At 60 s cadence (`--cadence
 * 60000`) it breaks ours only, by SIGSTOP and by killing it, in about 30 minutes.
 *
 * Faults of the meter: sigstop, pause, spin, exit; of its line, which is no reason to restart it: silent-serial,
 * vanished-device; of a container that is not ours: silence, retained-only, frozen-payload.
 *
 * Systems: `ours` is compose.yaml as it is, but that its agent leaves the meters of the other houses alone.
 * `autoheal`: the same meter with Docker's default HEALTHCHECK (every 30 s, 3 failures) of `wattdog healthcheck
 * meter`, restarted by a poll every 5 s. `grafana10`, `grafana60`: a rule "no value within 5 s" evaluated every 10
 * or 60 s, whose webhook runs `docker restart`, once. Those three let an agent store, not heal.
 *
 * Between rounds ours gets a new agent with its learned cadence and without memory of earlier incidents: its
 * back-off would otherwise be measured. The hold is the time in which a new agent convicts nobody for silence.
 */
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { reason } from '../../shared/errors.ts';
import { importNodeImage, type PrivateEngine, startEngine } from '../support/engine.ts';
import { buildImage, importDebootstrapBase, importVictoriaMetrics } from '../support/engine-image.ts';
import { type Owner, until } from '../support/system.ts';
import { FAULTS } from './heal/faults.ts';
import { type House, inTurn, startHouse, type Turns } from './heal/house.ts';
import { LINE_FAULTS, type LineFault, type LineOutcome, playLineRound, seconds } from './heal/line.ts';
import { autoheal, grafana, type Peer } from './heal/peers.ts';
import { type Outcome, playRound } from './heal/round.ts';
import { ratios, table } from './heal/table.ts';
import { PUBLISHER_FAULTS, type PublisherOutcome, startThirdParty } from './heal/third-party.ts';
import { print, teardownStack } from './report.ts';

const SYSTEMS = ['ours', 'autoheal', 'grafana10', 'grafana60'] as const;
type SystemName = (typeof SYSTEMS)[number];
const EVERY_FAULT = [...FAULTS, ...LINE_FAULTS, ...PUBLISHER_FAULTS];
const SLOW = 10_000;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    'peer-rounds': { type: 'string', default: '3' },
    cadence: { type: 'string', default: '1200' },
    faults: { type: 'string' },
    systems: { type: 'string' },
    houses: { type: 'string', default: '4' },
    hold: { type: 'string', default: '31000' },
    json: { type: 'string' },
  },
});
const cadence = Number(values.cadence);
const holdMs = Number(values.hold);
const isSlow = cadence >= SLOW;
const faults = choose('faults', values.faults ?? (isSlow ? 'sigstop,exit' : EVERY_FAULT.join()), EVERY_FAULT);
const systems = choose('systems', values.systems ?? (isSlow ? 'ours' : SYSTEMS.join()), SYSTEMS);

function choose<T extends string>(name: string, list: string, choices: readonly T[]): T[] {
  return list.split(',').map((value) => {
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw new Error(`--${name}: must be of ${choices.join(', ')}, got ${value}`);
    return found;
  });
}

interface System {
  heals: boolean;
  houses: number;
  /** What compose merges into the meter's service. */
  meter: object;
  /** ms after which a round is given up. */
  limit: number;
  peer(house: House): Peer | undefined;
  /** Resolves when the next fault may come. */
  ready(house: House): Promise<void>;
}

const steady = (house: House) => house.steady();
const chain = (periodMs: number): System => ({
  heals: false,
  houses: 1,
  meter: {},
  limit: 3 * periodMs + 60_000,
  peer: (house) =>
    grafana(periodMs, async (from, to) => (await house.readings(from)).some((time) => time <= to)),
  ready: steady,
});
const system: Record<SystemName, System> = {
  ours: {
    heals: true,
    houses: Number(values.houses),
    meter: {},
    limit: 60_000 + 2 * cadence,
    peer: () => undefined,
    ready: (house) => house.renewAgent(),
  },
  autoheal: {
    heals: false,
    houses: 2,
    meter: { healthcheck: { interval: '30s', timeout: '30s', retries: 3 } },
    limit: 240_000,
    peer: () => autoheal,
    async ready(house) {
      await house.steady();
      await until(`${house.name}: its health check`, 60_000, async () => {
        const { State } = await house.meter.inspect();
        return State.Health?.Status === 'healthy';
      });
      // The next check is always as far away; the fault comes anywhere between two.
      await sleep(Math.random() * 30_000);
    },
  },
  grafana10: chain(10_000),
  grafana60: chain(60_000),
};

const outcomes: Outcome[] = [];
const lineOutcomes: LineOutcome[] = [];
const publisherOutcomes: PublisherOutcome[] = [];

/** All rounds of one system, shared among its houses. */
async function playSystem(t: Owner, engine: PrivateEngine, name: SystemName): Promise<void> {
  const { houses, heals, meter, limit, peer, ready } = system[name];
  const rounds = Number(name === 'ours' ? values.rounds : values['peer-rounds']);
  const jobs = FAULTS.filter((fault) => faults.includes(fault)).flatMap((fault) =>
    Array.from({ length: rounds }, () => async (house: House) => {
      const outcome = await playRound(house, { system: name, fault, limit, peer: peer(house) });
      outcomes.push(outcome);
      print(`${house.name} ${JSON.stringify(outcome)} load ${loadavg()[0]?.toFixed(1)}`);
    }),
  );
  if (name === 'ours') jobs.push(...lineJobs(Math.min(3, rounds)));
  // The others take minutes a round, and cost the machine nothing meanwhile.
  const alone: Turns = heals ? inTurn() : (work) => work();
  const live = async (number: number) => {
    const options = { name: `${name}-${number}`, alone, cadence, holdMs, heals, meter };
    const house = await startHouse(t, engine, options);
    print(`${house.name} runs`);
    for (let job = jobs.shift(); job; job = jobs.shift()) {
      await ready(house);
      await job(house).catch(complain);
    }
    await house.home.compose('stop', '--timeout', '2');
  };
  const numbers = Array.from({ length: Math.min(houses, jobs.length) }, (_, index) => index + 1);
  await Promise.all(numbers.map((number) => live(number).catch(complain)));
}

/** The others go on: what they measure is worth no less. */
function complain(error: unknown): void {
  print(`given up: ${reason(error)}`);
  process.exitCode = 1;
}

function lineJobs(rounds: number) {
  return LINE_FAULTS.filter((fault) => faults.includes(fault)).flatMap((fault: LineFault) =>
    Array.from({ length: rounds }, () => async (house: House) => {
      const outcome = await playLineRound(house, fault);
      lineOutcomes.push(outcome);
      print(`${house.name} ${JSON.stringify(outcome)}`);
    }),
  );
}

async function playPublisher(t: Owner, engine: PrivateEngine): Promise<void> {
  const chosen = PUBLISHER_FAULTS.filter((fault) => faults.includes(fault));
  if (chosen.length === 0 || !systems.includes('ours')) return;
  await importNodeImage(engine);
  const thirdParty = await startThirdParty(t, engine, holdMs);
  for (const fault of chosen) {
    for (let round = 0; round < Math.min(5, Number(values.rounds)); round++) {
      const outcome = await thirdParty.play(fault);
      publisherOutcomes.push(outcome);
      print(`third party ${JSON.stringify(outcome)}`);
    }
  }
}

const began = Date.now();
const { t, end } = teardownStack();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => end().finally(() => process.exit(1)));
try {
  const engine = await startEngine();
  t.teardown(engine.stop);
  await importDebootstrapBase(engine);
  await importVictoriaMetrics(engine, 'v1.115.0');
  await buildImage(engine, 'wattdog');
  print(`the image is built; load ${loadavg()[0]?.toFixed(2)}`);
  await Promise.all([
    ...systems.map((name) => playSystem(t, engine, name)),
    playPublisher(t, engine).catch(complain),
  ]);
} finally {
  await end();
}
for (const line of [...table(outcomes), '', ...ratios(outcomes)]) print(line);
for (const { fault, verdicts, restarts, back } of lineOutcomes)
  print(`${fault}: ${verdicts.join(', ')}; restarts ${restarts}; reading ${seconds(back)} after its return`);
for (const { fault, detect, running } of publisherOutcomes)
  print(
    `third party, ${fault}: ${detect === undefined ? 'never convicted' : `T_D ${seconds(detect)}`}, ${running === undefined ? 'not restarted' : `runs again after ${seconds(running)}`}`,
  );
print(`in all ${Math.round((Date.now() - began) / 60_000)} minutes`);
if (values.json !== undefined)
  writeFileSync(values.json, JSON.stringify({ outcomes, lineOutcomes, publisherOutcomes }));
