import type { Registry } from 'prom-client';
import type { Reading } from '../../shared/wire.ts';
import { counter, gauge, type Sample } from './samples.ts';

const JOULES_PER_KWH = 3_600_000;

/** What the newest live reading of each meter tells; what its meter does not is left out. */
export function addMeters(to: Registry, meters: readonly { meter: string; reading: Reading }[]): void {
  const each = (numberOf: (reading: Reading) => number | undefined): Sample[] =>
    meters.flatMap(({ meter, reading }): Sample[] => {
      const value = numberOf(reading);
      return value === undefined ? [] : [[{ meter }, value]];
    });
  /** One sample for each field that matches, labelled with what its groups caught. */
  const fields = (pattern: RegExp, factor = 1): Sample[] =>
    meters.flatMap(({ meter, reading }) =>
      Object.entries(reading).flatMap(([field, value]): Sample[] => {
        const found = pattern.exec(field);
        const labels = Object.entries(found?.groups ?? {}).map(([name, text = '']) => [name, text]);
        return found ? [[{ meter, ...Object.fromEntries(labels) }, Number(value) * factor]] : [];
      }),
    );
  const money = (name: string, help: string, numberOf: (reading: Reading) => number | undefined) =>
    gauge(to, `wattdog_meter_${name}`, `${help}, in the currency of the tariff.`, each(numberOf));

  gauge(
    to,
    'wattdog_meter_power_watts',
    'Power of the newest live reading; negative while it feeds out.',
    meters.map(({ meter, reading }) => [
      { meter, basis: reading.power_basis, quality: reading.quality },
      reading.power,
    ]),
  );
  gauge(
    to,
    'wattdog_meter_apparent_power_voltamperes',
    'Apparent power.',
    each(({ apparent_power }) => apparent_power),
  );
  gauge(
    to,
    'wattdog_meter_phase_power_watts',
    'Power of each phase; negative while it feeds out.',
    fields(/^power_(?<phase>\d+)$/),
  );
  gauge(to, 'wattdog_meter_current_amperes', 'Current of each phase.', fields(/^current_(?<phase>\d+)$/));
  gauge(to, 'wattdog_meter_voltage_volts', 'Voltage of each phase.', fields(/^voltage_(?<phase>\d+)$/));
  gauge(
    to,
    'wattdog_meter_frequency_hertz',
    'Frequency of the mains.',
    each(({ frequency }) => frequency),
  );
  gauge(
    to,
    'wattdog_meter_power_factor',
    'Real power for each volt-ampere.',
    each(({ power_factor }) => power_factor),
  );
  gauge(
    to,
    'wattdog_meter_reactive_power_vars',
    'Reactive power.',
    each(({ reactive_power }) => reactive_power),
  );
  counter(
    to,
    'wattdog_meter_energy_joules_total',
    'Energy total of the newest live reading; a kWh is 3600000 J.',
    each(({ energy }) => energy * JOULES_PER_KWH),
  );
  counter(
    to,
    'wattdog_meter_export_energy_joules_total',
    'What was fed out, a total likewise.',
    each(({ export_energy }) => (export_energy === undefined ? undefined : export_energy * JOULES_PER_KWH)),
  );
  counter(
    to,
    'wattdog_meter_register_joules_total',
    'The meter’s own registers as they stand; `rate` is empty for all rates together.',
    fields(/^register_(?<direction>import|export)(?:_(?<rate>\d+))?$/, JOULES_PER_KWH),
  );
  for (const medium of ['gas', 'water'] as const)
    counter(
      to,
      `wattdog_meter_${medium}_cubicmetres_total`,
      `The ${medium} meter behind it as it stands.`,
      each((reading) => reading[medium]),
    );
  money('cost', 'Cost so far', ({ cost }) => cost);
  money('credit', 'Earned so far by what was fed out', ({ credit }) => credit);
  money('fixed_cost', 'Charges of time alone so far', ({ fixed_cost }) => fixed_cost);
  money('price', 'Price of a kWh at present', ({ price }) => price);
  money('export_price', 'What a kWh earns that is fed out at present', ({ export_price }) => export_price);
  gauge(
    to,
    'wattdog_meter_tariff_info',
    'The present period of the tariff.',
    meters.map(({ meter, reading }) => [{ meter, tariff: reading.tariff }, 1]),
  );
  gauge(
    to,
    'wattdog_meter_reading_timestamp_seconds',
    'When the newest live reading was taken.',
    each(({ time }) => Date.parse(time) / 1000),
  );
}
