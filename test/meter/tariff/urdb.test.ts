import { readFileSync } from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import { parse } from 'yaml';
import { createPricing } from '../../../meter/tariff/pricing.ts';
import { importUrdb } from '../../../meter/tariff/urdb.ts';
import { GiveUpError } from '../../../shared/errors.ts';
import { tariffSchema } from '../../../shared/settings/tariff.ts';

const zone = 'America/Los_Angeles';
const everyHour = (index = 0) => Array.from({ length: 12 }, () => Array.from({ length: 24 }, () => index));
const FLAT = { name: 'flat', country: 'USA', energyratestructure: [[{ rate: 0.1 }]] };
const ALL_KEYS = {
  ...FLAT,
  ...{ label: 'a', utility: 'b', servicetype: 'Bundled', dgrules: null, startdate: 1, enddate: null },
  ...{ energyweekdayschedule: null, energyweekendschedule: null, fueladjustmentsmonthly: null },
  ...{ fixedchargefirstmeter: 1, fixedchargeunits: '$/day', fixedmonthlycharge: 1, fixedchargeeaaddl: 0 },
  ...{ mincharge: 1, minchargeunits: '$/day', minmonthlycharge: 1, annualmincharge: 1 },
  ...{ demandratestructure: [[{ rate: 1 }]], flatdemandstructure: [[]], coincidentratestructure: null },
};
const TIERED = (...tiers: object[]) => ({ ...FLAT, energyratestructure: [tiers] });

for (const [name, what] of [
  ['tou-tiers', 'time of use with weekends, seasons, a baseline allowance and daily charges'],
  ['ev', 'a single rate: two part-peaks a day, sell rates, older fixed charges, demand charges'],
  ['fuel', 'tiers by month, with fuel adjustments by month'],
] as const)
  test(`${name}.json, ${what}, becomes ${name}.yaml`, (t) => {
    const read = (extension: string) =>
      readFileSync(new URL(`urdb/${name}.${extension}`, import.meta.url), 'utf8');
    t.deepEqual(importUrdb(JSON.parse(read('json')), { zone }), parse(read('yaml')));
  });

/** A month has blocks of hours, and months are often alike. */
const schedule = (periods: number) => {
  const day = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 23 }), fc.nat(periods - 1)), { maxLength: 5 })
    .map((changes) => {
      const hours = Array.from({ length: 24 }, () => 0);
      for (const [from, index] of changes) hours.fill(index, from);
      return hours;
    });
  const noise = fc.array(fc.nat(periods - 1), { minLength: 24, maxLength: 24 });
  return fc
    .tuple(
      fc.array(day, { minLength: 1, maxLength: 3 }),
      noise,
      fc.array(fc.nat(5), { minLength: 12, maxLength: 12 }),
    )
    .map(([days, rough, choice]) => choice.map((index) => (index === 5 ? rough : days[index % days.length])));
};

const documents = fc.integer({ min: 1, max: 6 }).chain((periods) =>
  fc.record({
    energyratestructure: fc.constant(
      Array.from({ length: periods }, (_, index) => [
        { max: 10 + index, unit: 'kWh', rate: 0.1 + index, adj: 0.01, ...(index % 2 ? { sell: 0.03 } : {}) },
        { rate: 0.2 + index },
      ]),
    ),
    energyweekdayschedule: schedule(periods),
    energyweekendschedule: schedule(periods),
    fueladjustmentsmonthly: fc.option(
      fc.array(fc.constantFrom(0, 0.015, -0.002), { minLength: 12, maxLength: 12 }),
      { nil: undefined },
    ),
  }),
);

test('every hour of a year has the price that the schedules give it', (t) => {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    month: 'numeric',
    hour: '2-digit',
    hourCycle: 'h23',
  });
  const start = Date.UTC(2027, 11, 31);
  const hours = Array.from({ length: 366 * 24 }, (_, hour) => {
    const time = start + (hour + 0.5) * 3_600_000;
    const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, value]));
    const isWeekend = ['Sat', 'Sun'].includes(parts.get('weekday') ?? '');
    return { time, month: Number(parts.get('month')) - 1, hour: Number(parts.get('hour')), isWeekend };
  });
  fc.assert(
    fc.property(documents, fc.constantFrom(0, 20), (document, used) => {
      const { tariff } = importUrdb({ ...document, name: 'random', country: 'USA' }, { zone });
      const pricing = createPricing(tariffSchema.parse(tariff));
      for (const { time, month, hour, isWeekend } of hours) {
        const schedule = isWeekend ? document.energyweekendschedule : document.energyweekdayschedule;
        const index = schedule[month]?.[hour] ?? -1;
        const adjustment = document.fueladjustmentsmonthly?.[month] ?? 0;
        const expected = (used ? 0.2 + index : 0.11 + index) + adjustment;
        const said = pricing.at(time, { from: pricing.billAt(time).from, energy: used });
        if (Math.abs(said.price - expected) > 1e-9 || said.exportPrice !== (index % 2 ? 0.03 : undefined))
          t.fail(`${new Date(time).toISOString()}: ${JSON.stringify(said)}, not ${expected}`);
      }
      t.pass();
    }),
    { numRuns: 40 },
  );
});

test('one of several rates is chosen by its label or name', (t) => {
  const items = [
    { ...FLAT, label: 'a', name: 'A' },
    { ...FLAT, label: 'b', name: 'B', utility: 'Example Power', startdate: 1_433_116_800 },
  ];
  t.is(importUrdb({ items }, { zone, rate: 'b' }).tariff.name, 'B');
  t.is(importUrdb(items, { zone, rate: 'A' }).tariff.name, 'A');
  t.throws(() => importUrdb({ items }, { zone }), {
    instanceOf: GiveUpError,
    message:
      /items: must be one rate, or be given with the label of one of them, not 2, got \n {2}a {2}A\n {2}b {2}B, Example Power, from 2015-06-01$/,
  });
  t.throws(() => importUrdb({ items }, { zone, rate: 'c' }), {
    message: /labelled or named "c", not 0, got \n {2}a/,
  });
  const many = Array.from({ length: 500 }, (_, index) => ({ ...FLAT, label: `l${index}`, name: 'Old' }));
  t.throws(() => importUrdb({ items: many }, { zone, rate: 'Old' }), {
    message: /not 500, got \n {2}l0 {2}Old(\n {2}l\d+ {2}Old){19}\n {2}and 480 more$/,
  });
});

test('a flat rate is one line, of the country’s currency or of the one given', (t) => {
  const { tariff, notes } = importUrdb(FLAT, { zone });
  t.deepEqual(tariff, { name: 'flat', currency: 'USD', zone, periods: [{ name: 'all', price: 0.1 }] });
  t.deepEqual(notes, []);
  const british = { ...FLAT, country: 'Ruritania' };
  t.is(importUrdb(british, { zone, currency: 'EUR' }).tariff.currency, 'EUR');
  t.throws(() => importUrdb(british, { zone }), { message: /country: must be one of USA.*got "Ruritania"/ });
});

test('fixed and minimum charges by the day, the month and the year', (t) => {
  const fields = (charges: object) => {
    const { tariff, notes } = importUrdb({ ...FLAT, ...charges }, { zone });
    const { fixed_daily, fixed_monthly, minimum_monthly } = tariff;
    return [fixed_daily, fixed_monthly, minimum_monthly, notes.length];
  };
  const fixed = { fixedchargefirstmeter: 12 };
  t.deepEqual(fields(fixed), [undefined, 12, undefined, 0]);
  t.deepEqual(fields({ ...fixed, fixedchargeunits: '$/month' }), [undefined, 12, undefined, 0]);
  t.deepEqual(fields({ ...fixed, fixedchargeunits: '$/day' }), [12, undefined, undefined, 0]);
  t.deepEqual(fields({ ...fixed, fixedchargeunits: '$/year' }), [undefined, 1, undefined, 1]);
  t.deepEqual(fields({ mincharge: 6, minchargeunits: '$/month' }), [undefined, undefined, 6, 0]);
  t.deepEqual(fields({ mincharge: 6, minchargeunits: '$/year' }), [undefined, undefined, undefined, 1]);
  t.deepEqual(fields({ annualmincharge: 60, fixedchargeeaaddl: 2 }), [undefined, undefined, undefined, 2]);
});

test('what a tariff cannot say is named, and zeros are not', (t) => {
  const demand = (rate: number) => ({
    ...FLAT,
    demandratestructure: [[{ rate: 0 }], [{ rate, adj: 0.5 }, { rate: 1 }]],
    flatdemandstructure: [[{ rate: 0 }]],
    demandweekdayschedule: everyHour(1),
  });
  t.deepEqual(importUrdb(demand(-0.5), { zone }).notes.length, 1);
  t.regex(importUrdb(demand(12), { zone }).notes.join(), /demandratestructure: .*12\.5.*left out/);
  t.deepEqual(importUrdb({ ...FLAT, demandratestructure: [[{ rate: 0 }]] }, { zone }).notes, []);
});

test('periods that no schedule names, a last limit, and tiers of several sell rates are named', (t) => {
  const two = {
    ...FLAT,
    energyratestructure: [
      [{ rate: 0 }],
      [
        { rate: 0.1, max: 50, sell: 0.1 },
        { rate: 0.2, max: 100 },
      ],
    ],
    energyweekdayschedule: everyHour(1),
    energyweekendschedule: everyHour(1),
  };
  const { tariff, notes } = importUrdb(two, { zone });
  t.deepEqual(tariff.periods, [{ name: 'period 2', price: [{ up_to: 50, price: 0.1 }, { price: 0.2 }] }]);
  t.is(tariff.export_price, 0.1);
  t.deepEqual(
    notes.map((note) => note.split(':')[0]),
    ['energyratestructure[0]', 'energyratestructure[1][1].max', 'energyratestructure[1]'],
  );
});

const MALFORMED: [what: string, document: unknown, message: RegExp][] = [
  ['no document', 'flat', /must be the answer of the API.*got "flat"/],
  [
    'the API’s error',
    { error: { code: 'API_KEY_INVALID' } },
    /is an error of the API, got .*API_KEY_INVALID/,
  ],
  ['no rate', { items: [] }, /items: .*not 0/],
  [
    'a minimal answer',
    { name: 'x' },
    /energyratestructure: must be given \(ask the API with detail=full\), got nothing/,
  ],
  [
    'demand alone',
    { name: 'x', flatdemandstructure: [[{ rate: 0 }], [{ rate: 12.5 }]] },
    /energyratestructure: must be given \(charges for demand alone are no tariff\), got nothing/,
  ],
  ['an empty structure', TIERED(), /energyratestructure\[0\]: must have at least one tier, got \[\]/],
  [
    'a rate in words',
    TIERED({ rate: 'ten' }),
    /energyratestructure\[0\]\[0\]\.rate: must be a number, got "ten"/,
  ],
  [
    'no rate at all',
    TIERED({ unit: 'kWh' }),
    /energyratestructure\[0\]\[0\]\.rate: must be a number, got nothing/,
  ],
  [
    'tiers that fall',
    TIERED({ rate: 1, max: 9 }, { rate: 1, max: 8 }, { rate: 1 }),
    /\[0\]\[1\]\.max: must be a number above 9, got 8/,
  ],
  [
    'a tier without a limit',
    TIERED({ rate: 1 }, { rate: 2 }),
    /\[0\]\[0\]\.max: must be a number above 0, got nothing/,
  ],
  [
    'tiers by demand',
    TIERED({ rate: 1, max: 9, unit: 'kWh/kW' }, { rate: 2 }),
    /\[0\]\[0\]\.unit: must be kWh or kWh daily.*got "kWh\/kW"/,
  ],
  [
    'tiers of two units',
    TIERED({ rate: 1, max: 9 }, { rate: 1, max: 19, unit: 'kWh daily' }, { rate: 2 }),
    /\[0\]\[1\]\.unit: .*got "kWh daily"/,
  ],
  [
    '11 months',
    { ...FLAT, energyweekdayschedule: everyHour().slice(1) },
    /energyweekdayschedule: must have 12 months/,
  ],
  [
    'a day of 23 hours',
    { ...FLAT, energyweekendschedule: everyHour().map((hours) => hours.slice(1)) },
    /energyweekendschedule\[0\]: must have 24 hours/,
  ],
  [
    'an unknown period',
    { ...FLAT, energyweekdayschedule: everyHour(1) },
    /energyweekdayschedule\[0\]\[0\]: must be the index of one of 1 periods, got 1/,
  ],
  [
    'half a period',
    { ...FLAT, energyweekdayschedule: everyHour(0.5) },
    /energyweekdayschedule\[0\]\[0\]: must be a whole number, got 0\.5/,
  ],
  [
    'no schedule',
    { ...FLAT, energyratestructure: [[{ rate: 1 }], [{ rate: 2 }]] },
    /energyweekdayschedule: must be given/,
  ],
  [
    'a charge by the fortnight',
    { ...FLAT, fixedchargefirstmeter: 3, fixedchargeunits: '$/fortnight' },
    /fixedchargeunits: must be .*got "\$\/fortnight"/,
  ],
  [
    'a date beyond all calendars',
    { ...FLAT, startdate: 1e30 },
    /startdate: must be seconds since 1970, got 1e\+30/,
  ],
  [
    'a long value',
    { ...FLAT, energyratestructure: 'x'.repeat(999) },
    /energyratestructure: must be a list, got "x{119}…$/,
  ],
];

for (const [what, document, message] of MALFORMED)
  test(`${what} is refused with where, why and what`, (t) => {
    const error = t.throws(() => importUrdb(document, { zone }), { instanceOf: GiveUpError, message });
    t.regex(error?.message ?? '', /^importing a URDB rate: /);
  });

test('a zone that is none is refused', (t) => {
  t.throws(() => importUrdb(FLAT, { zone: 'Mars/Olympus' }), {
    instanceOf: GiveUpError,
    message: /zone: must be an IANA time zone.*got "Mars\/Olympus"/,
  });
});

test('a document of anything is a tariff or a refusal', (t) => {
  const damaged = fc
    .tuple(documents, fc.constantFrom(...Object.keys(ALL_KEYS)), fc.jsonValue({ maxDepth: 4 }))
    .map(([document, key, value]) => ({ ...ALL_KEYS, ...document, [key]: value }));
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue({ maxDepth: 3 }), damaged), (document) => {
      try {
        const { tariff } = importUrdb(document, { zone });
        t.true(tariffSchema.safeParse(tariff).success);
      } catch (error) {
        t.true(error instanceof GiveUpError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
