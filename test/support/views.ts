import type { MeterView, SumView } from '../../agent/doors/views.ts';

/** A sum of a meter that feeds nothing out; `net` is its cost unless it is told. */
export function testSum(changes: Partial<SumView> = {}): SumView {
  const { cost = 0 } = changes;
  return {
    ...{ start: 0, end: 1, energy: 0, cost, export_energy: 0, credit: 0, fixed_cost: 0, net: cost },
    ...{ gas: null, water: null, seconds: 0, simulated: false, shares: [] },
    ...changes,
  };
}

/** A meter without a reading. */
export function testMeter(changes: Partial<MeterView> = {}): MeterView {
  const sum = testSum();
  return {
    ...{ name: 'main', online: true, simulated: false, decoder: 'amps', port: '/dev/ttyACM0' },
    ...{ power_basis: 'apparent', currency: 'USD', tariff: null, periods: [], fields: [], reading: null },
    ...{ today: sum, yesterday: sum, month: sum, forecast: null },
    ...changes,
  };
}
