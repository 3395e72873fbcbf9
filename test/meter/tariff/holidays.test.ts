import test from 'ava';
import { dayOf } from '../../../meter/tariff/calendar.ts';
import { createHolidays } from '../../../meter/tariff/holidays.ts';
import { tariffSchema } from '../../../shared/settings/tariff.ts';

type Rules = Parameters<typeof createHolidays>[0];

/** The days of a year that are holidays. */
function inYear(year: number, rules: unknown[]): string[] {
  const periods = [{ name: 'all', price: 0 }];
  const tariff = { name: 'own', currency: 'USD', zone: 'Etc/UTC', periods, holidays: rules };
  const parsed: Rules = tariffSchema.parse(tariff).holidays;
  const isHoliday = createHolidays(parsed);
  const days: string[] = [];
  for (let day = dayOf(year, 1, 1); day < dayOf(year + 1, 1, 1); day += 1)
    if (isHoliday(day)) days.push(new Date(day * 86_400_000).toISOString().slice(0, 10));
  return days;
}

test('a date is that day and no other year’s', (t) => {
  t.deepEqual(inYear(2026, [{ date: '2026-05-01' }]), ['2026-05-01']);
  t.deepEqual(inYear(2027, [{ date: '2026-05-01' }]), []);
});

test('the same day every year; 29 February where there is one', (t) => {
  t.deepEqual(inYear(2026, [{ on: '07-04' }]), ['2026-07-04']);
  t.deepEqual(inYear(2028, [{ on: '02-29' }]), ['2028-02-29']);
  t.deepEqual(inYear(2027, [{ on: '02-29' }]), []);
});

test('a Sunday’s holiday moved to Monday, a Saturday’s to Friday, each only if the tariff says so', (t) => {
  const sunday = { sun: 'mon' };
  // 4 July: a Sunday in 2027, a Saturday in 2026.
  t.deepEqual(inYear(2027, [{ on: '07-04', moved: sunday }]), ['2027-07-05']);
  t.deepEqual(inYear(2026, [{ on: '07-04', moved: sunday }]), ['2026-07-04']);
  t.deepEqual(inYear(2026, [{ on: '07-04', moved: { ...sunday, sat: 'fri' } }]), ['2026-07-03']);
});

test('New Year’s Day of a Saturday is kept in the year before', (t) => {
  const rule = { on: '01-01', moved: { sun: 'mon', sat: 'fri' } };
  t.deepEqual(inYear(2027, [rule]), ['2027-01-01', '2027-12-31'], '2028 begins on a Saturday');
  t.deepEqual(inYear(2028, [rule]), []);
});

test('the nth weekday of a month, the last, and days after it', (t) => {
  const thanksgiving = { month: 11, weekday: 'thu', nth: 4 };
  t.deepEqual(inYear(2026, [thanksgiving, { ...thanksgiving, plus_days: 1 }]), ['2026-11-26', '2026-11-27']);
  t.deepEqual(inYear(2026, [{ month: 5, weekday: 'mon', nth: -1 }]), ['2026-05-25']);
  t.deepEqual(inYear(2026, [{ month: 9, weekday: 'mon', nth: 1 }]), ['2026-09-07']);
  t.deepEqual(inYear(2026, [{ month: 2, weekday: 'mon', nth: 5 }]), [], 'February 2026 has four');
  t.deepEqual(inYear(2026, [{ month: 12, weekday: 'thu', nth: -1, plus_days: 5 }]), [], 'it is in 2027');
  t.deepEqual(inYear(2027, [{ month: 12, weekday: 'thu', nth: -1, plus_days: 5 }]), ['2027-01-05']);
});

test('days about Easter', (t) => {
  const rules = [-2, 0, 1, 39, 50].map((easter) => ({ easter }));
  const days = ['2026-04-03', '2026-04-05', '2026-04-06', '2026-05-14', '2026-05-25'];
  t.deepEqual(inYear(2026, rules), days);
  const easters = [
    '1961-04-02',
    '2000-04-23',
    '2008-03-23',
    '2011-04-24',
    '2019-04-21',
    '2038-04-25',
    '2049-04-18',
  ];
  for (const easter of easters) t.deepEqual(inYear(Number(easter.slice(0, 4)), [{ easter: 0 }]), [easter]);
});
