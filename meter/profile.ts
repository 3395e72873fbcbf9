import { isSimulated, membersOf } from '../shared/settings/meters.ts';
import type { MeterSettings, Tariff } from '../shared/settings/schema.ts';
import { VERSION } from '../shared/version.ts';
import { POWER_BASES, type Profile } from '../shared/wire.ts';
import { createPricing } from './tariff/pricing.ts';

/** As many as a profile may list. */
const MOST_FIELDS = 64;

/** Formats that carry bare currents. */
const CURRENT_ONLY: readonly string[] = ['amps', 'panel'];

/**
 * What a meter says of itself before it has read anything; pure. Its `fields` are those that its readings
 * carry in any case.
 *
 * @param tariff the one that its settings name.
 * @param meters all of the process.
 */
export function profileOf(
  settings: MeterSettings,
  tariff: Tariff,
  installation: string,
  meters: readonly MeterSettings[] = [settings],
): Profile {
  const { computed } = settings;
  const format = computed ? 'computed' : (settings.decoder ?? 'panel');
  return {
    version: VERSION,
    installation,
    meters: meters.map(({ name }) => name),
    port: computed ? wordsOf(computed) : settings.port,
    decoder: format,
    simulated: isSimulated(settings, meters),
    fields: promisedFields(format, settings),
    power_basis: basisOf(settings, meters),
    currency: tariff.currency,
    tariff: tariff.name,
    periods: createPricing(tariff).periods,
  };
}

/** Such as `grid − car − heat-pump`. */
function wordsOf({ plus, minus }: NonNullable<MeterSettings['computed']>): string {
  return [plus.join(' + '), ...minus].join(' − ');
}

/** The profile with all that its readings turned out to carry; the same object until there is more. */
export function growingProfile(first: Profile, carried: () => readonly string[]): () => Profile {
  let profile = first;
  let seen: readonly string[] = [];
  return () => {
    const more = carried();
    if (more !== seen)
      profile = { ...first, fields: [...new Set([...first.fields, ...more])].slice(0, MOST_FIELDS) };
    seen = more;
    return profile;
  };
}

function promisedFields(format: string, { phases }: MeterSettings): string[] {
  if (format === 'computed') return ['register_import'];
  if (!CURRENT_ONLY.includes(format)) return [];
  const isSigned = phases.some(({ reversed }) => reversed);
  return phases.flatMap((_phase, index) =>
    ['current', 'voltage', ...(isSigned ? ['power'] : [])].map((quantity) => `${quantity}_${index + 1}`),
  );
}

/** Of a computed one, that of the member whose power is known the least. */
function basisOf(settings: MeterSettings, meters: readonly MeterSettings[]): Profile['power_basis'] {
  const { computed, decoder = 'panel', phases } = settings;
  if (computed) {
    const members = meters.filter(({ name }) => membersOf(computed).includes(name));
    const bases = members.map((member) => basisOf(member, meters));
    return POWER_BASES.find((basis) => bases.includes(basis)) ?? 'measured';
  }
  if (!CURRENT_ONLY.includes(decoder)) return 'measured';
  return phases.every(({ power_factor }) => power_factor !== undefined) ? 'power_factor' : 'apparent';
}
