import test from 'ava';
import { LINKS, type Plan, PROCESSES, schedule, seeded } from './schedule.ts';

const plan: Plan = {
  kills: 1000,
  minutes: 20,
  parts: { processes: PROCESSES, links: LINKS, disks: true, clocks: true },
};

test('the same seed gives the same faults, another seed others', (t) => {
  t.deepEqual(schedule(7, plan), schedule(7, plan));
  t.notDeepEqual(schedule(7, plan), schedule(8, plan));
});

test('there are exactly so many kills, in order of time, and every process gets some', (t) => {
  const faults = schedule(7, plan);
  const kills = faults.filter(({ kind }) => kind === 'kill');
  t.is(kills.length, 1000);
  t.deepEqual(
    faults.map(({ atMs }) => atMs),
    faults.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
  );
  for (const name of PROCESSES) t.true(kills.filter(({ target }) => target === name).length > 50, name);
});

test('every kind of fault is there', (t) => {
  t.deepEqual([...new Set(schedule(7, plan).map(({ kind }) => kind))].toSorted(), [
    'clock',
    'cut',
    'delay',
    'freeze',
    'full',
    'kill',
    'stop',
    'terminate',
    'unplug',
  ]);
});

test('all is over at the end, and the start is calm', (t) => {
  for (const fault of schedule(7, plan)) {
    const end = fault.atMs + ('durationMs' in fault ? fault.durationMs : 0);
    t.true(fault.atMs >= 2000 && end <= 20 * 60_000, JSON.stringify(fault));
  }
});

test('what lasts never meets its like on the same target', (t) => {
  const busy = new Map<string, number>();
  for (const fault of schedule(7, plan)) {
    if (!('durationMs' in fault)) continue;
    t.true(fault.atMs > (busy.get(fault.target) ?? 0), JSON.stringify(fault));
    busy.set(fault.target, fault.atMs + fault.durationMs);
  }
});

test('a part that is not there gets no fault', (t) => {
  const small = {
    processes: ['meter', 'agent'],
    links: ['meter-broker'],
    disks: false,
    clocks: false,
  } as const;
  const faults = schedule(7, { ...plan, parts: small });
  t.deepEqual([...new Set(faults.map(({ target }) => target))].toSorted(), [
    'agent',
    'device',
    'meter',
    'meter-broker',
  ]);
});

test('the random numbers fill the unit interval evenly', (t) => {
  const random = seeded(1);
  const numbers = Array.from({ length: 10_000 }, () => random());
  t.true(numbers.every((number) => number >= 0 && number < 1));
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  t.true(Math.abs(mean - 0.5) < 0.02, String(mean));
});
