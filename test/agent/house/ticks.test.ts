import test, { type ExecutionContext } from 'ava';
import { powerOf } from '../../../agent/house/power.ts';
import { testReading } from '../../support/readings.ts';
import { openJournal } from './history.ts';

const START = Date.parse('2026-07-15T10:00:00Z');
const HOUR = 3_600_000;

interface Dial {
  /** kWh, the smallest step of the register. */
  resolution: number;
  /** Seconds between two telegrams, and between two updates of the register. */
  cadence: number;
  update?: number;
}

/** An hour of a meter with registers of its own, which feeds out in the second half. */
function readings({ resolution, cadence, update = cadence }: Dial) {
  const [register, exact] = [
    { import: 0, export: 0 },
    { import: 0, export: 0 },
  ];
  return Array.from({ length: 3600 / cadence }, (_, index) => {
    const seconds = (index + 1) * cadence;
    const watts = seconds <= 1800 ? 450 : -820;
    exact[watts > 0 ? 'import' : 'export'] += (Math.abs(watts) * cadence) / 3_600_000;
    const before = { ...register };
    if (seconds % update === 0)
      for (const way of ['import', 'export'] as const)
        register[way] = Math.floor(exact[way] / resolution + 1e-6) * resolution;
    const reading = testReading(index + 1, {
      ...{ time: new Date(START + seconds * 1000).toISOString(), interval: cadence, power: watts },
      ...{ power_basis: 'measured', quality: 'counted' },
      ...{ energy: register.import, interval_energy: register.import - before.import },
      ...{ export_energy: register.export, interval_export_energy: register.export - before.export },
    });
    return { meter: 'main', reading };
  });
}

async function chart(t: ExecutionContext, dial: Dial, points: number) {
  const journal = openJournal(t);
  journal.append(readings(dial));
  const range = { from: START, to: START + HOUR };
  const asked = { meter: 'main', range, points, fields: [] };
  return powerOf(
    (work) => journal.look(work),
    asked,
    async () => {},
  );
}

for (const [name, dial] of Object.entries({
  'DSMR: 1 Wh, each second': { resolution: 0.001, cadence: 1 },
  'DSMR: 1 Wh, each ten seconds': { resolution: 0.001, cadence: 10 },
  'an old dial: 100 Wh': { resolution: 0.1, cadence: 2 },
  'a register that moves each quarter of an hour': { resolution: 0.0001, cadence: 5, update: 900 },
  'a fine one': { resolution: 1e-9, cadence: 1 },
}))
  for (const points of [60, 350])
    test(`a register’s ticks are not taken for power: ${name}, ${points} points`, async (t) => {
      const { step, time, power } = await chart(t, dial, points);
      t.true(step > 0);
      const turn = START + HOUR / 2;
      for (const [index, value] of power.entries()) {
        const at = time[index] ?? 0;
        // One step may cover both.
        if (at < turn && at + step * 1000 > turn) continue;
        const expected = at < turn ? 450 : -820;
        t.true(Math.abs((value ?? 0) - expected) <= 0.06 * Math.abs(expected), `${index}: ${value}`);
      }
    });

test('over longer steps the registers tell more than a few looks at the power', async (t) => {
  const { power, step } = await chart(t, { resolution: 0.001, cadence: 1 }, 6);
  t.is(step, 600);
  t.deepEqual(power, [450, 450, 450, -816, -822, -822]);
});
