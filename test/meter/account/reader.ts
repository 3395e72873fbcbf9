import { type AccountOptions, type AccountState, account, type Moment } from '../../../meter/account.ts';
import type { Sample } from '../../../meter/decoders/decoder.ts';
import type { Correction } from '../../../meter/tariff/dynamic/corrections.ts';
import { createPricing, findTariff } from '../../../meter/tariff/pricing.ts';
import type { TariffInput } from '../../../shared/settings/schema.ts';
import { tariffSchema } from '../../../shared/settings/tariff.ts';
import type { UnnumberedReading } from '../../../shared/wire.ts';
import { phasesOf } from '../phases.ts';

export const START = Date.parse('2026-01-15T12:00:00Z');
export const SECOND = 1000;
export const HOUR = 3600 * SECOND;
export const KWH = 3_600_000;
export const NEW: AccountState = { energy: 0, cost: 0 };

export function accountOptions(change: Partial<AccountOptions> = {}): AccountOptions {
  return {
    phases: phasesOf({ voltage: 120 }, { voltage: 120 }),
    maxCurrent: 200,
    maxGap: 10 * SECOND,
    pricing: createPricing(findTariff('sce-tou-d-a')),
    simulated: false,
    ...change,
  };
}

/** Prices of a tariff with one period, unless told otherwise. */
export function pricingOf(change: Partial<TariffInput> = {}) {
  const periods = [{ name: 'all day', price: 0.3 }];
  const tariff = { name: 'flat', currency: 'EUR', zone: 'Europe/Amsterdam', periods, ...change };
  return createPricing(tariffSchema.parse(tariff));
}

/** A meter process: feeds samples to the account and remembers what it must between them. */
export function meter(change: Partial<AccountOptions> = {}, kept: AccountState = NEW) {
  const options = accountOptions(change);
  let state = kept;
  let last: Moment | undefined;
  const readings: UnnumberedReading[] = [];
  return {
    readings,
    get state() {
      return state;
    },
    /** @param ms monotonic; the wall clock is `step` ms ahead of it. */
    take(
      sample: Sample,
      ms: number,
      { step = 0, correction }: { step?: number; correction?: Correction } = {},
    ) {
      const at = { now: START + ms + step, monotonic: ms };
      const accounted = account(sample, { at, last, correction }, state, options);
      // What is kept is kept as JSON.
      state = JSON.parse(JSON.stringify(accounted.state));
      if (accounted.reading) {
        last = at;
        readings.push(accounted.reading);
      }
      return accounted;
    },
  };
}

export const about = (actual: number | undefined, expected: number) =>
  actual !== undefined && Math.abs(actual - expected) < 1e-9;
