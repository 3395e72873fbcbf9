import test from 'ava';
import { tariffSchema } from '../../../shared/settings/tariff.ts';

const FLAT = { name: 'own', currency: 'USD', zone: 'Etc/UTC', periods: [{ name: 'all', price: 0.3 }] };
const rest = { name: 'rest', price: 0.2 };
const periods = (...list: object[]) => ({ ...FLAT, periods: [...list, rest] });
const tiers = (...list: object[]) => periods({ name: 'all', months: [1], price: list });

test('a flat tariff is one period', (t) => {
  const { billing_day, fixed_daily, tiers_reset } = tariffSchema.parse(FLAT);
  t.deepEqual([billing_day, fixed_daily, tiers_reset], [1, 0, 'billing_day']);
});

const REFUSED: [what: string, tariff: object, where: string, rule: RegExp][] = [
  ['half a window', periods({ ...rest, from: '06:00' }), 'periods.0', /both from and to, or neither/],
  [
    'a window written both ways',
    periods({ ...rest, from: '06:00', to: '07:00', windows: [{ from: '08:00', to: '09:00' }] }),
    'periods.0.windows',
    /must be left out beside from and to/,
  ],
  ['a season that is none', periods({ ...rest, season: 'summer' }), 'periods.0.season', /one of the seasons/],
  [
    'a day that no month has',
    { ...FLAT, seasons: [{ name: 'a', from: '04-31', to: '02-30' }] },
    'seasons.0.from',
    /a day that it has/,
  ],
  [
    'a holiday price without holidays',
    periods({ ...rest, days: ['holiday'] }),
    'periods.0.days',
    /lists no holidays/,
  ],
  [
    'a holiday of two rules',
    { ...FLAT, holidays: [{ on: '07-04', easter: 1 }] },
    'holidays.0',
    /must be one of/,
  ],
  [
    'tiers that fall',
    tiers({ up_to: 9, price: 1 }, { up_to: 8, price: 1 }, { price: 1 }),
    'periods.0.price',
    /rise/,
  ],
  ['tiers that end', tiers({ up_to: 9, price: 1 }), 'periods.0.price', /the last without/],
  ['a tier without a limit', tiers({ price: 1 }, { price: 2 }), 'periods.0.price', /rise/],
  [
    'limits of two kinds',
    tiers({ up_to: 9, price: 1 }, { up_to_daily: 10, price: 1 }, { price: 1 }),
    'periods.0.price',
    /rise/,
  ],
  [
    'a limit of two kinds',
    tiers({ up_to: 9, up_to_daily: 1, price: 1 }, { price: 1 }),
    'periods.0.price',
    /rise/,
  ],
  [
    'a last period with a condition',
    { ...FLAT, periods: [{ ...rest, months: [1] }] },
    'periods.0',
    /must have no condition/,
  ],
];

REFUSED.push([
  'a period for every quarter of an hour',
  periods(...Array.from({ length: 96 }, (_, n) => ({ ...rest, name: `quarter ${n}`, months: [1] }))),
  'periods',
  /at most 64 different names, has 97/,
]);

for (const [what, tariff, where, rule] of REFUSED)
  test(`${what} is refused`, (t) => {
    const issues = tariffSchema.safeParse(tariff).error?.issues ?? [];
    t.is(issues[0]?.path.join('.'), where);
    t.regex(issues[0]?.message ?? '', rule);
  });

test('tiers of a bill, and an allowance a day', (t) => {
  t.true(
    tariffSchema.safeParse(tiers({ up_to: 9, price: 1 }, { up_to: 10, price: 2 }, { price: 3 })).success,
  );
  t.true(tariffSchema.safeParse(tiers({ up_to_daily: 9.5, price: 1 }, { price: 3 })).success);
  t.true(tariffSchema.safeParse(tiers({ price: -3 })).success);
});
