import test from 'ava';
import { growingProfile, profileOf } from '../../meter/profile.ts';
import { sceTouDA } from '../../meter/tariff/shipped/sce-tou-d-a.ts';
import { settingsSchema } from '../../shared/settings/schema.ts';
import { tariffSchema } from '../../shared/settings/tariff.ts';
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

test('what the meter itself measures is measured, and what its readings carry it does not know yet', (t) => {
  t.like(profile({ port: '/dev/ttyUSB0', decoder: 'dsmr' }), { fields: [], power_basis: 'measured' });
});

test('a sensor that is turned round makes power per phase', (t) => {
  const { fields } = profile({ phases: [{}, { reversed: true }] });
  t.deepEqual(fields, ['current_1', 'voltage_1', 'power_1', 'current_2', 'voltage_2', 'power_2']);
});

test('a computed one has no port, and names all meters of its process', (t) => {
  const given = {
    meter: {},
    meters: [
      { name: 'house' },
      { name: 'flat' },
      { name: 'rest', computed: { plus: ['house'], minus: ['flat'] } },
    ],
  };
  const { meters } = settingsSchema.parse(given);
  const [, , rest] = meters;
  if (rest === undefined) throw new Error('no third meter');
  const said = profileOf(rest, sceTouDA, 'here', meters);
  t.like(said, {
    meters: ['house', 'flat', 'rest'],
    decoder: 'computed',
    port: 'house − flat',
    simulated: true,
    power_basis: 'apparent',
    fields: ['register_import'],
  });
  t.deepEqual(decodeProfile(Buffer.from(JSON.stringify(said))), said);
});

test('it grows with what readings carried, and is the same until they carry more', (t) => {
  const first = profile({ port: '/dev/ttyUSB0', decoder: 'amps' });
  let carried: string[] = [];
  const grown = growingProfile(first, () => carried);
  const before = grown();
  t.deepEqual(before, first);
  t.is(grown(), before);
  carried = ['gas', 'current_1'];
  const after = grown();
  t.deepEqual(after.fields, [...first.fields, 'gas']);
  t.is(grown(), after);
  carried = Array.from({ length: 100 }, (_, index) => `power_${index}`);
  t.is(grown().fields.length, 64);
});

test('a tariff of published prices has its periods too', (t) => {
  const tariff = tariffSchema.parse({
    name: 'hourly',
    currency: 'EUR',
    zone: 'Europe/Amsterdam',
    periods: [{ name: 'all day', price: 0.1 }],
    dynamic: { import: { file: 'prices.json', shape: 'tibber' }, fallback: 0.25 },
  });
  t.deepEqual(profileOf(settingsSchema.parse({}).meter, tariff, 'here').periods, [
    { name: 'all day', price: 0.35 },
  ]);
});
