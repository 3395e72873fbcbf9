import type { Reading, UnnumberedReading } from '../../shared/wire.ts';

const FIRST = Date.parse('2026-01-15T12:00:00Z');

/** A valid reading, number `seq` of its epoch, 1.2 s after the one before. */
export function testReading(seq = 1, changes: Partial<Reading> = {}): Reading {
  return {
    time: new Date(FIRST + seq * 1200).toISOString(),
    epoch: 'e1',
    seq,
    interval: 1.2,
    current_1: 1,
    current_2: 2,
    voltage_1: 120,
    voltage_2: 120,
    power: 360,
    apparent_power: 360,
    power_basis: 'apparent',
    energy: seq / 1000,
    interval_energy: 0.001,
    price: 0.25,
    cost: seq / 4000,
    interval_cost: 0.00025,
    tariff: 'off-peak',
    quality: 'measured',
    ...changes,
  };
}

/** The same before its outbox has numbered it. */
export function unnumbered(changes: Partial<UnnumberedReading> = {}): UnnumberedReading {
  const { epoch: _, seq: __, ...reading } = testReading();
  return { ...reading, ...changes } as UnnumberedReading;
}
