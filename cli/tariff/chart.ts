import type { Range } from '../../meter/tariff/dynamic/source.ts';
import type { Slice } from '../../meter/tariff/pricing.ts';
import type { Tariff } from '../../shared/settings/schema.ts';
import type { Screen, Style } from '../screen.ts';
import { oneLine } from '../table.ts';
import { zoned } from './local.ts';

const HOUR = 3_600_000;
/** Characters of a line where it has no end. */
const USUAL_WIDTH = 80;
const WIDEST = 100;
const LEAST_BAR = 8;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

export interface Day {
  tariff: Tariff;
  /** Those of the day, in order. */
  slices: readonly Slice[];
  day: Range;
  /** ms since 1970 UTC. */
  now: number;
}

/** One line of the chart: a local hour, or the part of one that has its own price. */
type Row = Slice;

/** The day as a bar chart for people, as wide as the screen. */
export function drawDay(
  { tariff, slices, day, now }: Day,
  screen: Pick<Screen, 'columns' | 'paint'>,
): string {
  const rows = rowsOf(slices, tariff.zone);
  const prices = rows.map(({ price }) => price);
  const [least, most] = extremes(rows);
  const changes = day.to - day.from !== 24 * HOUR;
  const digits = prices.some((price) => Math.abs(price * 1000 - Math.round(price * 1000)) > 1e-9) ? 4 : 3;
  const exporting = rows.some(({ exportPrice }) => exportPrice !== undefined);

  const cells = rows.map((row) => ({
    row,
    time: timeOf(row.from, tariff.zone),
    price: `${row.price.toFixed(digits)}${row.provisional ? '?' : ' '}`,
    exported: row.exportPrice === undefined ? '' : row.exportPrice.toFixed(digits),
    period: oneLine(row.period),
    mark: row.from <= now && now < row.to ? '◂ now' : '',
  }));
  const width = (texts: readonly string[]) => Math.max(0, ...texts.map((text) => text.length));
  const widths = {
    time: width(cells.map(({ time }) => time)),
    price: width(cells.map(({ price }) => price)),
    exported: width(['out', ...cells.map(({ exported }) => exported)]),
    period: Math.min(24, width(['period', ...cells.map(({ period }) => period)])),
  };
  const room = Math.min(WIDEST, Number.isFinite(screen.columns) ? screen.columns : USUAL_WIDTH);
  const fixed = widths.time + widths.price + widths.period + (exporting ? widths.exported + 2 : 0) + 3 + 7;
  const bar = barsOf(least, most, Math.max(LEAST_BAR, room - fixed));

  const lines = cells.map(({ row, time, price, exported, period, mark }) => {
    const style = styleOf(row, least, most);
    const parts = [
      time.padEnd(widths.time),
      screen.paint(style, price.padStart(widths.price)),
      screen.paint(style, bar(row)),
      ...(exporting ? [exported.padStart(widths.exported)] : []),
      period.slice(0, widths.period).padEnd(mark === '' ? 0 : widths.period),
    ];
    return `${parts.join(' ')}${mark === '' ? '' : ` ${screen.paint('bold', mark)}`}`.trimEnd();
  });
  const heading = [
    ''.padStart(widths.time),
    'in'.padStart(widths.price - 1),
    ` ${''.padEnd(bar({ price: 0 }).length)}`,
    ...(exporting ? ['out'.padStart(widths.exported)] : []),
    'period',
  ].join(' ');
  const date = zoned(day.from, tariff.zone).toPlainDate().toString();
  const weekday = new Date(`${date}T00:00Z`).toLocaleString('en', { weekday: 'long', timeZone: 'UTC' });
  return `${[
    `${screen.paint('bold', `${oneLine(tariff.name)}: ${weekday} ${date}`)}, ${tariff.currency} per kWh, ${tariff.zone}${
      changes ? `, a day of ${Number(((day.to - day.from) / HOUR).toFixed(2))} hours` : ''
    }`,
    '',
    screen.paint('dim', heading.trimEnd()),
    ...lines,
    '',
    ...legend(rows, tariff, digits),
  ].join('\n')}\n`;
}

function legend(rows: readonly Row[], tariff: Tariff, digits: number): string[] {
  const known = rows.filter(({ provisional }) => !provisional);
  const [least, most] = extremes(known);
  const when = (price: number) => {
    const times = rows.filter((row) => row.price === price).map(({ from }) => timeOf(from, tariff.zone));
    return `${price.toFixed(digits)} from ${times[0]}`;
  };
  const isFlat = least === most;
  const span = known.reduce((sum, { from, to }) => sum + to - from, 0);
  const mean = known.reduce((sum, { from, to, price }) => sum + price * (to - from), 0) / Math.max(1, span);
  const unknown = rows.find(({ provisional }) => provisional);
  const used = new Set(rows.map(({ period }) => period));
  const tiers = tariff.periods.flatMap(({ name, price }) =>
    typeof price === 'number' || !used.has(name) || price.length < 2
      ? []
      : [`${oneLine(name)}: ${tiersOf(price)}`],
  );
  const summary = isFlat
    ? `the same ${unknown === undefined ? 'all day' : 'as far as known'}: ${least.toFixed(digits)}`
    : `least ${when(least)}, most ${when(most)}, mean ${mean.toFixed(digits)}`;
  return [
    ...(known.length === 0 ? [] : [summary]),
    ...(tiers.length === 0 ? [] : [`shown is the first tier; ${[...new Set(tiers)].join('; ')}`]),
    ...fixedOf(tariff),
    ...(unknown === undefined
      ? []
      : [
          `? not all prices are known yet, the first missing from ${timeOf(unknown.from, tariff.zone)} on: the fallback ${tariff.dynamic?.fallback} stands in`,
        ]),
  ];
}

function extremes(rows: readonly Row[]): [least: number, most: number] {
  const prices = rows.map(({ price }) => price);
  return [Math.min(...prices), Math.max(...prices)];
}

function tiersOf(
  price: { up_to?: number | undefined; up_to_daily?: number | undefined; price: number }[],
): string {
  return price
    .map(({ up_to, up_to_daily, price: each }) => {
      if (up_to !== undefined) return `${each} up to ${up_to} kWh`;
      return up_to_daily === undefined ? `then ${each}` : `${each} up to ${up_to_daily} kWh for each day`;
    })
    .join(', ');
}

function fixedOf({ fixed_daily, fixed_monthly, minimum_monthly, currency }: Tariff): string[] {
  const parts = [
    ...(fixed_daily === 0 ? [] : [`${fixed_daily} ${currency} a day`]),
    ...(fixed_monthly === 0 ? [] : [`${fixed_monthly} ${currency} a bill`]),
    ...(minimum_monthly === 0 ? [] : [`at least ${minimum_monthly} ${currency} a bill`]),
  ];
  return parts.length === 0 ? [] : [`besides: ${parts.join(', ')}`];
}

/** Slices cut at local hours; of an hour that has one price, one line. */
function rowsOf(slices: readonly Slice[], zone: string): Row[] {
  const rows: Row[] = [];
  for (const slice of slices) {
    for (let from = slice.from; from < slice.to; ) {
      const local = zoned(from, zone);
      const sinceHour = (local.minute * 60 + local.second) * 1000 + local.millisecond;
      const to = Math.min(slice.to, from - sinceHour + HOUR);
      const last = rows.at(-1);
      if (last !== undefined && sinceHour !== 0 && isSame(last, slice)) last.to = to;
      else rows.push({ ...slice, from, to });
      from = to;
    }
  }
  return rows;
}

function isSame(a: Slice, b: Slice): boolean {
  return (
    a.price === b.price &&
    a.exportPrice === b.exportPrice &&
    a.period === b.period &&
    a.provisional === b.provisional
  );
}

/** `14:00`; where the clocks go back an hour comes twice, and the offset tells which: `01:00 UTC-7`. */
function timeOf(time: number, zone: string): string {
  const local = zoned(time, zone);
  const clock = local.toPlainTime().toString({ smallestUnit: 'minute' });
  const [first, second] = (['earlier', 'later'] as const).map(
    (disambiguation) => local.toPlainDateTime().toZonedDateTime(zone, { disambiguation }).epochMilliseconds,
  );
  if (first === second) return clock;
  return `${clock} UTC${local.offset.replace(/([+-])0?(\d+):00$/, '$1$2')}`;
}

/** Bars from nought: negative prices go to its left. */
function barsOf(
  least: number,
  most: number,
  width: number,
): (row: { price: number; provisional?: true }) => string {
  const [low, high] = [Math.min(0, least), Math.max(0, most)];
  const scale = high > low ? width / (high - low) : 0;
  const zero = Math.round(-low * scale);
  return ({ price, provisional }) => {
    const length = Math.abs(price) * scale;
    const full = provisional ? '░' : '█';
    if (price < 0) {
      const left = Math.max(1, Math.round(length));
      return `${' '.repeat(Math.max(0, zero - left))}${full.repeat(Math.min(left, zero))}${' '.repeat(width - zero)}`;
    }
    const whole = Math.min(Math.floor(length + 1e-9), width - zero);
    const rest =
      whole < width - zero && !provisional ? (EIGHTHS[Math.floor((length - whole) * 8)] ?? '') : '';
    return `${' '.repeat(zero)}${full.repeat(whole)}${rest}`.padEnd(width);
  };
}

function styleOf({ price, provisional }: Row, least: number, most: number): Style {
  if (provisional) return 'dim';
  if (price < 0) return 'cyan';
  const height = most > least ? (price - least) / (most - least) : 0;
  return height < 1 / 3 ? 'green' : height < 2 / 3 ? 'yellow' : 'red';
}
