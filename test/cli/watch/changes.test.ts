import test from 'ava';
import { createChanges } from '../../../cli/watch/changes.ts';
import { testReading } from '../../support/readings.ts';

test('a reading is a line, with what was fed out where its meter tells of it', (t) => {
  const changes = createChanges();
  const said = (reading: ReturnType<typeof testReading>) =>
    changes({ event: 'reading', data: { meter: 'main', reading } });
  t.deepEqual(said(testReading(1, { power: 1243.4, energy: 1841.2 })), ['main  1,243 VA  1841.200 kWh']);
  t.deepEqual(
    said(testReading(2, { power: -800, power_basis: 'measured', energy: 5, export_energy: 7.25 })),
    ['main  -800 W  5.000 kWh  7.250 kWh out'],
  );
  t.deepEqual(said(testReading(3, { power: -0.3, energy: 5 })), ['main  0 VA  5.000 kWh']);
});
