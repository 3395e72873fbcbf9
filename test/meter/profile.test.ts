import test from 'ava';
import { profileOf } from '../../meter/profile.ts';
import { sceTouDA } from '../../meter/tariff/shipped/sce-tou-d-a.ts';
import { settingsSchema } from '../../shared/settings/schema.ts';
import { decodeProfile } from '../../shared/wire.ts';

const profile = (meter: object) =>
  profileOf(settingsSchema.parse({ meter }).meter, sceTouDA, '6d0c9fb2-88f5-4f19-a7a5-0a4a1f1c2f11');

test('a profile says what the readings carry and what they mean', (t) => {
  const said = profile({ name: 'studio', port: '/dev/ttyACM0', decoder: 'amps' });
  t.deepEqual(decodeProfile(Buffer.from(JSON.stringify(said))), said);
  t.like(said, {
    meters: ['studio'],
    port: '/dev/ttyACM0',
    decoder: 'amps',
    simulated: false,
    fields: ['current_1', 'voltage_1', 'current_2', 'voltage_2'],
    power_basis: 'apparent',
    currency: 'USD',
    tariff: 'SCE TOU-D-A',
  });
  t.deepEqual(
    said.periods.find(({ name }) => name === 'summer on-peak'),
    { name: 'summer on-peak', price: 0.48 },
  );
});

test('a simulated one says so; power factors make watts', (t) => {
  const phase = { power_factor: 0.95 };
  t.like(profile({ phases: [phase, phase] }), {
    simulated: true,
    decoder: 'panel',
    power_basis: 'power_factor',
  });
  t.like(profile({ phases: [phase, {}] }), { power_basis: 'apparent' });
});
