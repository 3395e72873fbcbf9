import test from 'ava';
import { originOf, presentOf } from '../../../../agent/page/model/balance.ts';
import { testSum } from '../../../support/views.ts';

test('what is told beside what was taken in depends on what any of the sums has, or the meter tells', (t) => {
  const none = { export: false, fixed: false, gas: false, water: false };
  const meter = { fields: ['current_1'] };
  t.deepEqual(presentOf(meter, [testSum()]), none);
  t.deepEqual(presentOf(meter, [testSum(), testSum({ export_energy: 0.1, gas: 0 })]), {
    ...none,
    export: true,
    gas: true,
  });
  t.deepEqual(presentOf(meter, [testSum({ fixed_cost: 0.1, water: 2 })]), {
    ...none,
    fixed: true,
    water: true,
  });
  t.deepEqual(presentOf({ fields: ['export_energy', 'gas'] }, []), { ...none, export: true, gas: true });
});

test('a computed meter says so, and of what, where that is known', (t) => {
  t.is(originOf({ decoder: 'dsmr', port: '/dev/ttyUSB0' }), undefined);
  t.is(originOf({ decoder: null, port: null }), undefined);
  t.is(originOf({ decoder: 'computed', port: 'computed' }), 'Computed from other meters');
  t.is(originOf({ decoder: 'computed', port: 'main − heatpump' }), 'Computed from main − heatpump');
});
