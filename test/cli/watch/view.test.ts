import test from 'ava';
import { House } from '../../../cli/watch/house.ts';
import { describeHouse } from '../../../cli/watch/view.ts';
import { testMeter, testSum } from '../../support/views.ts';

const screen = {
  isTTY: false,
  columns: 120,
  rows: 20,
  paint: (_style: unknown, text: string) => text,
  write: () => true,
};

test('there are columns for what is fed out and earned where a meter tells of it', (t) => {
  const house = new House();
  const shown = () => describeHouse(house, 'head', screen, 0)[2];
  house.apply({ event: 'meters', data: [testMeter({ today: testSum({ energy: 2, cost: 0.5 }) })] });
  t.is(shown(), 'meter  power  age             kWh today  cost today  kWh month  note');
  const today = testSum({ energy: 2, cost: 0.5, export_energy: 7.25, credit: 0.58 });
  house.apply({ event: 'meters', data: [testMeter({ today, fields: ['export_energy'] })] });
  t.regex(shown() ?? '', /kWh today {2}kWh out today {2}cost today {2}earned today {2}kWh month/);
  t.regex(describeHouse(house, 'head', screen, 0)[3] ?? '', / 2\.00 +7\.25 +\$0\.50 +\$0\.58 /);
});
