import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { Temporal } from 'temporal-polyfill';
import { parse } from 'yaml';
import { createPricing } from '../../../meter/tariff/pricing.ts';
import type { TariffInput } from '../../../shared/settings/schema.ts';
import { tariffSchema } from '../../../shared/settings/tariff.ts';

const folder = new URL('examples/', import.meta.url);
const examples = readdirSync(folder);
const tariffOf = (text: string): TariffInput => parse(text)?.meter?.tariff;
const example = (name: string) => tariffOf(readFileSync(new URL(name, folder), 'utf8'));
const pricingOf = (name: string) => createPricing(tariffSchema.parse(example(name)));
const at = (zoned: string) => Temporal.ZonedDateTime.from(zoned).epochMilliseconds;

test('every tariff that the README writes out is one, and is the example that is tried here', (t) => {
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  const known = examples.map(example);
  const written = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)]
    .map(([, text = '']) => tariffOf(text))
    .filter((tariff) => typeof tariff === 'object');
  t.true(written.length > 0);
  for (const tariff of written) {
    t.notThrows(() => tariffSchema.parse(tariff), tariff.name);
    t.deepEqual(
      tariff,
      known.find(({ name }) => name === tariff.name),
    );
  }
});

test('time of use: seasons, holidays, the night of each day', (t) => {
  const pricing = pricingOf('time-of-use.yaml');
  const period = (local: string) => pricing.at(at(`${local}[America/Los_Angeles]`)).period;
  t.is(period('2026-07-02T17:00'), 'on-peak');
  t.is(period('2026-10-01T17:00'), 'mid-peak');
  t.is(period('2026-07-03T17:00'), 'on-peak', 'a Saturday’s holiday is not moved');
  t.is(period('2027-07-05T17:00'), 'mid-peak', 'a Sunday’s is');
  t.is(period('2026-09-07T17:00'), 'mid-peak', 'Labor Day');
  t.is(period('2026-07-02T05:59'), 'night');
  t.is(period('2026-07-02T22:00'), 'night');
  t.is(period('2026-07-02T12:00'), 'off-peak');
});

test('tiers: 700 kWh in a bill', (t) => {
  const pricing = pricingOf('tiers.yaml');
  const from = at('2026-06-17T00:00[America/New_York]');
  const to = at('2026-07-17T00:00[America/New_York]');
  t.deepEqual(pricing.billAt(from), { from, to, days: 30 });
  const cost = pricing.charge({ import: 700, export: 0 }, from, to).cost + pricing.fixed(from, to);
  t.is(Math.round(cost * 1e6) / 1e6, 600 * 0.118 + 100 * 0.134 + 12.5);
});

test('dynamic: the published price, and the grid’s', (t) => {
  const time = at('2026-07-02T12:00[Europe/Oslo]');
  const tariff = tariffSchema.parse(example('dynamic.yaml'));
  const known = { from: time, to: time + 900_000, price: -0.05 };
  const book = { at: () => known, next: () => Number.POSITIVE_INFINITY };
  t.is(Math.round(createPricing(tariff, book).at(time).price * 1e6) / 1e6, 0.43);
  t.is(Math.round(createPricing(tariff).at(time).price * 1e6) / 1e6, 1.38);
});
