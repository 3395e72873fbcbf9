import type { Unit } from '../../agent/journal/calendar.ts';
import type { JournalReader } from '../../agent/journal/reader.ts';
import type { Rollup } from '../../agent/journal/rollups.ts';
import type { Range } from '../../meter/tariff/dynamic/source.ts';
import { type Bill, createPricing, type Pricing } from '../../meter/tariff/pricing.ts';
import { GiveUpError } from '../../shared/errors.ts';
import { metersOf } from '../../shared/settings/meters.ts';
import type { Settings } from '../../shared/settings/schema.ts';
import type { Arguments } from '../arguments.ts';
import { openJournal } from '../journal.ts';
import { settingsFor } from '../settings.ts';
import { bookOf, chooseTariff, type TariffDeps } from './choose.ts';
import { flowsOf, type HourFlow } from './flows.ts';
import { parseLocalMoment } from './local.ts';
import { reckon } from './reckon.ts';
import { printCost } from './report.ts';

const HOUR = 3_600_000;
/** ms; some days are longer. */
const DAY = 25 * HOUR;
/** Gaps that are looked at; each is a row in memory. */
const MOST_GAPS = 1_000_000;

/** Reckons what the journal's history would have cost under a tariff, and prints it beside what was charged. */
export async function costUnderTariff(args: Arguments, deps: TariffDeps, signal: AbortSignal): Promise<void> {
  const { options } = args;
  const settings = settingsFor(args, deps.environment);
  using journal = openJournal(options, settings);
  const meter = chooseMeter(options.meter, journal, settings);
  const isOfSettings = metersOf(settings).some(({ name }) => name === meter);
  const chosen = chooseTariff({ tariff: options.tariff, meter: isOfSettings ? meter : undefined }, settings);
  const { tariff } = chosen;
  const now = deps.time.now();
  const simulated = isSimulated(journal, meter, now);
  const sums: SumsIn = (unit, { from, to }) =>
    journal.rollups(unit, from, to, meter).filter(({ quality }) => (quality === 'simulated') === simulated);
  const range = rangeOf(options, sums, { zone: tariff.zone, now });
  const book = await bookOf(chosen, settings.data, range, deps, signal);
  const pricing = createPricing(tariff, book);
  const countsAt = (time: number) => journal.countsAt(meter, time);
  const rollupsOf = ({ from, to }: Range) => sums('hour', { from: from - HOUR, to });
  const rollups = rollupsOf(range);
  const gaps = journal.gaps(range.from, range.to, MOST_GAPS).filter((gap) => gap.meter === meter);
  const used = usedBefore(range.from, pricing, (before) =>
    flowsOf(rollupsOf(before), before, pricing.split, countsAt),
  );
  const reckoning = reckon(flowsOf(rollups, range, pricing.split, countsAt), gaps, range, {
    pricing,
    minimum: tariff.minimum_monthly,
    used,
  });
  const [before = 0, after = 0] = [countsAt(range.from)?.fixed, countsAt(range.to)?.fixed];
  // A total that fell began anew.
  const fixedCharged = after < before ? after : after - before;
  const covered = rollups.reduce(
    (sum, { start, seconds }) => sum + (start >= range.from && start < range.to ? seconds : 0),
    0,
  );
  const report = { tariff, meter, simulated, range, reckoning, fixedCharged, covered };
  printCost(report, options.json !== undefined, deps.out);
}

/** The hourly or daily sums that begin in a range, in order; of one meter, and of one kind. */
type SumsIn = (unit: Unit, range: Range) => Rollup[];

/** Whether a meter was never read for real: the two kinds are never added up. */
function isSimulated(journal: JournalReader, meter: string, now: number): boolean {
  const days = journal.rollups('day', 0, now, meter);
  return days.length > 0 && days.every(({ quality }) => quality === 'simulated');
}

/** What tiers had counted by then: they began anew at the beginning of a bill, or of a day, not of the range. */
function usedBefore(time: number, pricing: Pricing, flowsIn: (range: Range) => Iterable<HourFlow>): Bill {
  const { bill } = pricing.charge({ import: 0, export: 0 }, time, time);
  let { energy } = bill;
  for (const flow of flowsIn({ from: bill.from, to: time })) energy += flow.import;
  return { ...bill, energy };
}

/** @throws GiveUpError with exit code 2 where it is not plain which. */
function chooseMeter(named: string | undefined, journal: JournalReader, settings: Settings): string {
  const known = journal.newest().map(({ meter }) => meter);
  if (known.length === 0) throw new GiveUpError('reckoning: the journal must have readings, but has none');
  const configured = metersOf(settings).map(({ name }) => name);
  const [only, ...others] = known.filter((meter) => configured.includes(meter));
  const meter = named ?? (known.length === 1 ? known[0] : others.length === 0 ? only : undefined);
  if (meter !== undefined && known.includes(meter)) return meter;
  throw new GiveUpError(
    `reckoning: --meter must be one of the journal’s meters (${known.join(', ')}), got ${named ?? 'nothing'}`,
    2,
  );
}

/** From what was asked for, or the first hour there is, to what was asked for, or now; never beyond now. */
function rangeOf(
  { from, to }: Arguments['options'],
  sums: SumsIn,
  { zone, now }: { zone: string; now: number },
): Range {
  const end = to === undefined ? now : Math.min(now, parseLocalMoment('to', to, zone, now));
  const first = () => {
    const day = sums('day', { from: 0, to: end })[0]?.start ?? end;
    return sums('hour', { from: day, to: day + DAY })[0]?.start ?? day;
  };
  const start = from === undefined ? first() : parseLocalMoment('from', from, zone, now);
  if (start >= end)
    throw new GiveUpError(
      `reckoning: --from must be before --to and in the past, got ${from ?? 'nothing'} and ${to ?? 'nothing'}`,
      2,
    );
  return { from: start, to: end };
}
