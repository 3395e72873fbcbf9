/** Numbers and moments as people read them, in their language and the house’s time zone. */
export interface Formats {
  /** On an axis: no finer than need be. */
  tick(value: number): string;
  /** W or VA, whole. */
  power(watts: number): string;
  /** A and V, as fine as it matters. */
  current(amperes: number): string;
  voltage(volts: number): string;
  /** kWh. */
  energy(kWh: number): string;
  /** As a dial shows it, to three digits. */
  standing(value: number): string;
  count(amount: number): string;
  /** @param currency ISO 4217; null where it is not known. */
  money(amount: number, currency: string | null): string;
  price(perKwh: number, currency: string | null): string;
  /** `14:03` */
  clock(at: number): string;
  /** `14:03:12` */
  second(at: number): string;
  /** `22 Nov, 14:03`; of the day of `now` the time alone, to the second. */
  moment(at: number, now: number): string;
  /** `Sun 22 Nov` */
  day(at: number): string;
  /** `22 Nov` */
  date(at: number): string;
  /** `22` */
  dayOfMonth(at: number): string;
  /** `November` */
  month(at: number): string;
  /** `Nov 2025` */
  year(at: number): string;
}

/** @param locale BCP 47. @param zone IANA; undefined for the browser’s. */
export function createFormats(locale: string, zone: string | undefined): Formats {
  const number = (digits: number) =>
    new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const [whole, one, two, three] = [number(0), number(1), number(2), number(3)];
  const moment = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { ...options, ...(zone === undefined ? {} : { timeZone: zone }) });
  const clock = moment({ hour: 'numeric', minute: '2-digit' });
  const second = moment({ hour: 'numeric', minute: '2-digit', second: '2-digit' });
  const dated = moment({ day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' });
  const same = moment({ dateStyle: 'short' });
  const date = moment({ day: 'numeric', month: 'short' });
  const day = moment({ weekday: 'short', day: 'numeric', month: 'short' });
  const dayOfMonth = moment({ day: 'numeric' });
  const month = moment({ month: 'long' });
  const year = moment({ month: 'short', year: 'numeric' });
  const currencies = new Map<string, Intl.NumberFormat>();
  const amount = (value: number, currency: string | null, most: number) => {
    if (currency === null) return two.format(value);
    const key = `${currency} ${most}`;
    const format =
      currencies.get(key) ??
      new Intl.NumberFormat(locale, {
        style: 'currency',
        currency,
        currencyDisplay: 'narrowSymbol',
        ...(most > 0 ? { minimumFractionDigits: 2, maximumFractionDigits: most } : {}),
      });
    currencies.set(key, format);
    return format.format(value);
  };
  const tick = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
  return {
    tick: (value) => tick.format(value),
    power: (watts) => whole.format(Math.round(watts) + 0),
    current: (amperes) => two.format(amperes),
    voltage: (volts) => (Number.isInteger(volts) ? whole : one).format(volts),
    energy: (kWh) => (Math.abs(kWh) < 99.995 ? two : Math.abs(kWh) < 999.95 ? one : whole).format(kWh),
    standing: (value) => three.format(value),
    count: (value) => whole.format(value),
    money: (value, currency) => amount(value, currency, 0),
    price: (perKwh, currency) => amount(perKwh, currency, 4),
    clock: (at) => clock.format(at),
    second: (at) => second.format(at),
    moment: (at, now) => (same.format(at) === same.format(now) ? second : dated).format(at),
    day: (at) => day.format(at),
    date: (at) => date.format(at),
    dayOfMonth: (at) => dayOfMonth.format(at),
    month: (at) => month.format(at),
    year: (at) => year.format(at),
  };
}
