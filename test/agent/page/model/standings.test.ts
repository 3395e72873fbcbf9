import test from 'ava';
import { standingsOf } from '../../../../agent/page/model/standings.ts';
import { testReading } from '../../../support/readings.ts';

test('registers come first, by direction and rate, then gas and water', (t) => {
  const reading = {
    ...testReading(1),
    ...{ water: 88, gas: 12.5, register_import_2: 2, register_import: 5, register_export: 1 },
  };
  t.deepEqual(
    standingsOf(reading).map(({ name, value, unit }) => `${name} ${value} ${unit}`),
    ['Fed out 1 kWh', 'Taken in 5 kWh', 'Taken in, rate 2 2 kWh', 'Gas 12.5 m³', 'Water 88 m³'],
  );
  t.deepEqual(standingsOf({ ...testReading(1) }), []);
});
