import type { UnnumberedReading } from '../../shared/wire.ts';

/** A reading that no outbox has numbered yet. */
export function unnumbered(change: Partial<UnnumberedReading> = {}): UnnumberedReading {
  return {
    time: '2026-01-15T12:00:00.000Z',
    interval: 1.2,
    current_1: 1,
    current_2: 2,
    voltage_1: 120,
    voltage_2: 120,
    power: 360,
    apparent_power: 360,
    power_basis: 'apparent',
    energy: 0.00012,
    interval_energy: 0.00012,
    price: 0.13,
    cost: 0.0000156,
    interval_cost: 0.0000156,
    tariff: 'winter super off-peak',
    quality: 'measured',
    ...change,
  };
}
