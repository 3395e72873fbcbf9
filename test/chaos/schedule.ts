/** What can be troubled. A broker of its own is there only beside Mosquitto. */
export const PROCESSES = ['meter', 'agent', 'broker', 'store'] as const;
export type ProcessName = (typeof PROCESSES)[number];
export const LINKS = ['meter-broker', 'agent-broker', 'agent-store'] as const;
export type LinkName = (typeof LINKS)[number];
export type ClockName = 'meter' | 'agent';

/** A trouble and when it begins; `durationMs` is how long it lasts. All times in ms since the start of the run. */
export type Fault = { atMs: number } & (
  | { kind: 'kill' | 'terminate'; target: ProcessName }
  | { kind: 'stop'; target: ProcessName; durationMs: number }
  | { kind: 'cut' | 'freeze'; target: LinkName; durationMs: number }
  | { kind: 'delay'; target: LinkName; durationMs: number; latencyMs: number }
  | { kind: 'unplug'; target: 'device'; durationMs: number }
  | { kind: 'full'; target: 'meter disk' | 'agent disk'; durationMs: number }
  /** From now on these clocks are so far from the true one. */
  | { kind: 'clock'; target: ClockName | 'both'; offsetMs: number }
);
export type FaultKind = Fault['kind'];

export interface Plan {
  /** How many SIGKILLs. */
  kills: number;
  minutes: number;
  /** What this run has. */
  parts: {
    processes: readonly ProcessName[];
    links: readonly LinkName[];
    disks: boolean;
    clocks: boolean;
  };
}

/** At the start everything may come up, and at the end something is left to be read, undisturbed. */
const CALM_MS = 2000;
/** In each stretch of the run one process gets most kills: the others must outlive that without a restart's help. */
const STRETCH_MS = 25_000;
const FAVOUR = 0.7;
const WEIGHT: Record<ProcessName, number> = { meter: 5, agent: 4, broker: 2, store: 3 };
/** Other faults for each SIGKILL. */
const OTHERS_PER_KILL = 0.5;
const HOUR = 3_600_000;

/** All faults of one run in order of time: a pure function of the seed and the plan. */
export function schedule(seed: number, plan: Plan): Fault[] {
  const random = seeded(seed);
  const { parts, kills } = plan;
  const length = plan.minutes * 60_000 - CALM_MS;
  const at = () => Math.round(CALM_MS + random() * (length - CALM_MS));
  const favourites = Array.from({ length: Math.ceil((length + CALM_MS) / STRETCH_MS) }, () =>
    weighted(random, parts.processes),
  );
  const faults: Fault[] = [];
  for (let count = 0; count < kills; count++) {
    const atMs = at();
    const favourite = favourites[Math.floor(atMs / STRETCH_MS)];
    const target =
      favourite !== undefined && random() < FAVOUR ? favourite : weighted(random, parts.processes);
    faults.push({ atMs, kind: 'kill', target });
  }
  const kinds = OTHERS.filter(
    (kind) => (kind !== 'full' || parts.disks) && (kind !== 'clock' || parts.clocks),
  );
  for (let count = 0; count < Math.ceil(kills * OTHERS_PER_KILL); count++)
    faults.push(other(pick(random, kinds), at(), length, parts, random));
  return withoutOverlap(faults.toSorted((a, b) => a.atMs - b.atMs));
}

/** By weight: what tells the most is done the most. */
const OTHERS = [
  ...['stop', 'stop', 'stop', 'terminate', 'terminate', 'cut', 'cut', 'freeze', 'delay'],
  ...['unplug', 'unplug', 'full', 'clock'],
] as const satisfies FaultKind[];

function other(
  kind: (typeof OTHERS)[number],
  atMs: number,
  end: number,
  { processes, links }: Plan['parts'],
  random: () => number,
): Fault {
  // Most are short; a few are as long as the patience of somebody in the chain.
  const durationMs = Math.min(Math.round(100 * 120 ** random()), end - atMs);
  switch (kind) {
    case 'terminate':
      return { atMs, kind, target: weighted(random, processes) };
    case 'stop':
      return { atMs, kind, target: weighted(random, processes), durationMs };
    case 'cut':
    case 'freeze':
      return { atMs, kind, target: pick(random, links), durationMs };
    case 'delay':
      return {
        atMs,
        kind,
        target: pick(random, links),
        durationMs,
        latencyMs: Math.round(5 * 60 ** random()),
      };
    case 'unplug':
      return { atMs, kind, target: 'device', durationMs };
    case 'full':
      return { atMs, kind, target: pick(random, ['meter disk', 'agent disk'] as const), durationMs };
    case 'clock': {
      const size = 100 * (HOUR / 100) ** random();
      const offsetMs = Math.round(random() < 0.5 ? -size : size);
      const target = random() < 0.8 ? 'both' : pick(random, ['meter', 'agent'] as const);
      return { atMs, kind, target, offsetMs };
    }
  }
}

/** What lasts may not meet its like on the same target: the end of one would end the other. Kills always stay. */
function withoutOverlap(faults: Fault[]): Fault[] {
  const busyUntil = new Map<string, number>();
  return faults.filter((fault) => {
    if (!('durationMs' in fault)) return true;
    if (fault.atMs <= (busyUntil.get(fault.target) ?? 0)) return false;
    busyUntil.set(fault.target, fault.atMs + fault.durationMs);
    return true;
  });
}

function weighted(random: () => number, processes: readonly ProcessName[]): ProcessName {
  return pick(
    random,
    processes.flatMap((name) => Array.from({ length: WEIGHT[name] }, () => name)),
  );
}

function pick<T>(random: () => number, choices: readonly T[]): T {
  const choice = choices[Math.floor(random() * choices.length)];
  if (choice === undefined) throw new Error('picking: must have something to choose from, got nothing');
  return choice;
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Such as `stop agent 2130 ms`. */
export function describe(fault: Fault): string {
  const details = [
    'offsetMs' in fault ? `to ${fault.offsetMs} ms` : '',
    'latencyMs' in fault ? `by ${fault.latencyMs} ms` : '',
    'durationMs' in fault ? `for ${fault.durationMs} ms` : '',
  ];
  return [fault.kind, fault.target, ...details].filter(Boolean).join(' ');
}
