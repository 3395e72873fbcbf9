/**
 * What a tariff comes to by its words alone: every minute is asked for its local date and time, by the
 * calendar of Intl, and every rule is read literally. Nothing here is shared with the product.
 */
import type { Tariff } from '../../../shared/settings/schema.ts';

const MINUTE = 60_000;
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
/** As the calendars print them. */
const EASTER = [
  ...['2023-04-09', '2024-03-31', '2025-04-20', '2026-04-05', '2027-03-28', '2028-04-16'],
  ...['2029-04-01', '2030-04-21', '2031-04-13', '2032-03-28', '2033-04-17', '2034-04-09'],
];

type Tier = Exclude<Tariff['periods'][number]['price'], number>[number];

interface Local {
  /** Such as 2026-02-28. */
  date: string;
  /** Such as 14:05. */
  clock: string;
}

/** A published price; the list's stretches begin and end on whole minutes. */
export interface Entry {
  from: number;
  to: number;
  price?: number;
  exportPrice?: number;
}

export interface Account {
  cost: number;
  credit: number;
  fixed: number;
  provisional: boolean;
  bill: { date: string; energy: number };
}

export interface Moment {
  period: string;
  price: number;
  exportPrice: number | undefined;
  provisional: boolean;
  /** The date of the last reset, as far as tiers are concerned. */
  reset: string;
}

export function bruteForce(tariff: Tariff, entries: Entry[] = []) {
  const { localAt, accountingDate } = localClock(tariff.zone);

  const dayMinutes = new Map<string, number>();
  const lengthOf = (date: string): number => {
    let minutes = dayMinutes.get(date);
    if (minutes === undefined) {
      minutes = 0;
      const start = Date.parse(date) - 16 * 60 * MINUTE;
      for (let minute = start; minute < start + 60 * 60 * MINUTE; minute += MINUTE)
        if (accountingDate(minute) === date) minutes += 1;
      dayMinutes.set(date, minutes);
    }
    return minutes;
  };

  const periodAt = ({ date, clock }: Local) => {
    const kind = isHoliday(tariff, date) ? 'holiday' : weekday(date);
    const period = tariff.periods.find(({ season, months, days, from, to, windows }) => {
      if (months && !months.includes(Number(date.slice(5, 7)))) return false;
      if (days && !days.some((day) => day === kind)) return false;
      if (season && !tariff.seasons.some((known) => known.name === season && within(known, date.slice(5))))
        return false;
      const all = windows ?? (from !== undefined && to !== undefined ? [{ from, to }] : undefined);
      return (
        !all ||
        all.some((window) =>
          window.from < window.to
            ? window.from <= clock && clock < window.to
            : clock >= window.from || clock < window.to,
        )
      );
    });
    if (!period) throw new Error(`no period at ${date} ${clock}`);
    return period;
  };

  const tiersIn = (period: Tariff['periods'][number], reset: string) => {
    const days = tariff.tiers_reset === 'daily' ? 1 : daysBetween(reset, nextBillingDate(tariff, reset));
    const tiers = typeof period.price === 'number' ? [{ price: period.price }] : period.price;
    let above = Number.NEGATIVE_INFINITY;
    return tiers.map((tier: Tier) => {
      const below = tier.up_to ?? (tier.up_to_daily === undefined ? Infinity : tier.up_to_daily * days);
      const bounds = { above, below, price: tier.price };
      above = below;
      return bounds;
    });
  };

  const lookUp = (time: number) => {
    const minute = Math.floor(time / MINUTE) * MINUTE;
    const period = periodAt(localAt(minute));
    const date = accountingDate(minute);
    const reset = tariff.tiers_reset === 'daily' ? date : billingDate(tariff, date);
    const entry = entries.find(({ from, to }) => from <= time && time < to);
    const { dynamic } = tariff;
    const adder = dynamic && (dynamic.import || dynamic.meter) ? (entry?.price ?? dynamic.fallback) : 0;
    return {
      period,
      date,
      reset,
      adder,
      tiers: tiersIn(period, reset),
      exportPrice: entry?.exportPrice ?? period.export_price ?? tariff.export_price,
      provisional:
        ((dynamic?.import || dynamic?.meter) && entry?.price === undefined) ||
        (dynamic?.export !== undefined && entry?.exportPrice === undefined),
    };
  };

  return {
    localAt,
    accountingDate,
    /** @param energy kWh since the reset. */
    at(time: number, energy = 0): Moment {
      const { period, reset, adder, tiers, exportPrice, provisional } = lookUp(time);
      const tier = tiers.find(({ below }) => energy < below);
      return { period: period.name, price: adder + (tier?.price ?? 0), exportPrice, provisional, reset };
    },
    /** @param bill of which date, and kWh since then. */
    account(
      flow: { import: number; export: number },
      from: number,
      to: number,
      bill?: { date: string; energy: number },
    ): Account {
      const sum: Account = {
        cost: 0,
        credit: 0,
        fixed: 0,
        provisional: false,
        bill: bill ?? { date: '', energy: 0 },
      };
      let start = from;
      while (start < to) {
        const end = Math.min(to, (Math.floor(start / MINUTE) + 1) * MINUTE);
        const { date, reset, adder, tiers, exportPrice, provisional } = lookUp(start);
        if (sum.bill.date !== reset) sum.bill = { date: reset, energy: 0 };
        const energy = (flow.import * (end - start)) / (to - from);
        const used = sum.bill.energy;
        for (const { above, below, price } of tiers)
          sum.cost += Math.max(0, Math.min(used + energy, below) - Math.max(used, above)) * price;
        sum.cost += energy * adder;
        sum.credit += ((flow.export * (end - start)) / (to - from)) * (exportPrice ?? 0);
        sum.bill.energy = used + energy;
        sum.provisional ||= provisional;
        const first = billingDate(tariff, date);
        const perDay =
          tariff.fixed_daily + tariff.fixed_monthly / daysBetween(first, nextBillingDate(tariff, first));
        sum.fixed += (perDay * (end - start)) / (lengthOf(date) * MINUTE);
        start = end;
      }
      return sum;
    },
  };
}

interface LocalClock {
  localAt(time: number): Local;
  /** A date is over when the next has begun, even if the clocks are set back to it. */
  accountingDate(time: number): string;
}

const clocks = new Map<string, LocalClock>();
function localClock(zone: string): LocalClock {
  const known = clocks.get(zone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const localAt = byMinute((minute): Local => {
    // 2026-03-08, 14:05
    const [date = '', clock = ''] = format.format(minute * MINUTE).split(', ');
    return { date, clock };
  });
  const accountingDate = byMinute((minute) => {
    let latest = '';
    for (let before = 0; before <= 120; before += 1) {
      const { date } = localAt((minute - before) * MINUTE);
      if (date > latest) latest = date;
    }
    return latest;
  });
  const clock = { localAt, accountingDate };
  clocks.set(zone, clock);
  return clock;
}

function byMinute<T>(find: (minute: number) => T): (time: number) => T {
  const found = new Map<number, T>();
  return (time) => {
    const minute = Math.floor(time / MINUTE);
    const value = found.get(minute) ?? find(minute);
    found.set(minute, value);
    return value;
  };
}

function plusDays(date: string, days: number): string {
  return new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);
}

function daysBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 86_400_000;
}

function weekday(date: string): string | undefined {
  return WEEKDAYS[new Date(date).getUTCDay()];
}

function within({ from, to }: { from: string; to: string }, monthDay: string): boolean {
  return from <= to ? from <= monthDay && monthDay <= to : monthDay >= from || monthDay <= to;
}

function isBillingDate({ billing_day }: Tariff, date: string): boolean {
  const day = Number(date.slice(8));
  const isLast = plusDays(date, 1).slice(8) === '01';
  return day === billing_day || (isLast && day < billing_day);
}

const billingDate = byDate((tariff, date) => {
  let candidate = date;
  while (!isBillingDate(tariff, candidate)) candidate = plusDays(candidate, -1);
  return candidate;
});

const nextBillingDate = byDate((tariff, date) => {
  let candidate = plusDays(date, 1);
  while (!isBillingDate(tariff, candidate)) candidate = plusDays(candidate, 1);
  return candidate;
});

function byDate<T>(find: (tariff: Tariff, date: string) => T): (tariff: Tariff, date: string) => T {
  const found = new WeakMap<Tariff, Map<string, T>>();
  return (tariff, date) => {
    const dates = found.get(tariff) ?? new Map<string, T>();
    found.set(tariff, dates);
    const value = dates.get(date) ?? find(tariff, date);
    dates.set(date, value);
    return value;
  };
}

const isHoliday = byDate((tariff, date) => tariff.holidays.some((rule) => isObserved(rule, date)));

function isObserved(rule: Tariff['holidays'][number], date: string): boolean {
  if ('date' in rule) return rule.date === date;
  if ('easter' in rule) return EASTER.includes(plusDays(date, -rule.easter));
  if ('on' in rule)
    return [-3, -2, -1, 0, 1, 2, 3].some((shift) => {
      const nominal = plusDays(date, -shift);
      if (nominal.slice(5) !== rule.on) return false;
      const target = Object.entries(rule.moved ?? {}).find(([day]) => day === weekday(nominal))?.[1];
      return target === undefined ? shift === 0 : weekday(date) === target;
    });
  const nominal = plusDays(date, -rule.plus_days);
  if (Number(nominal.slice(5, 7)) !== rule.month || weekday(nominal) !== rule.weekday) return false;
  const nth = Math.ceil(Number(nominal.slice(8)) / 7);
  return rule.nth === -1 ? plusDays(nominal, 7).slice(5, 7) !== nominal.slice(5, 7) : nth === rule.nth;
}
