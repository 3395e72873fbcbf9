import type { MeterSettings, Tariff } from '../shared/settings/schema.ts';
import { VERSION } from '../shared/version.ts';
import type { Profile } from '../shared/wire.ts';
import { createPricing } from './tariff/pricing.ts';

/** What a meter says of itself; pure. @param tariff the one that its settings name. */
export function profileOf(meter: MeterSettings, tariff: Tariff, installation: string): Profile {
  const { name, port, decoder = 'panel', phases } = meter;
  const known = phases.every(({ power_factor }) => power_factor !== undefined);
  return {
    version: VERSION,
    installation,
    meters: [name],
    port,
    decoder,
    simulated: port === 'simulated',
    fields: phases.flatMap((_phase, index) => [`current_${index + 1}`, `voltage_${index + 1}`]),
    power_basis: known ? 'power_factor' : 'apparent',
    currency: tariff.currency,
    tariff: tariff.name,
    periods: createPricing(tariff).periods,
  };
}
