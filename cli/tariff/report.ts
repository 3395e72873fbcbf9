import type { Range } from '../../meter/tariff/dynamic/source.ts';
import { round } from '../../shared/round.ts';
import type { Tariff } from '../../shared/settings/schema.ts';
import type { Screen } from '../screen.ts';
import { oneLine, type Row, table } from '../table.ts';
import { dateOf, isoOf } from './local.ts';
import { type BillSum, type Reckoning, sumOf } from './reckon.ts';

export interface Report {
  tariff: Tariff;
  meter: string;
  /** Of a meter that is made up, as it says everywhere. */
  simulated: boolean;
  range: Range;
  reckoning: Reckoning;
  /** Currency that was charged for time alone. */
  fixedCharged: number;
  /** Seconds of the range that readings tell of. */
  covered: number;
}

/** As tables for people, or as JSON: one object for each bill and period, then the total. */
export function printCost(report: Report, json: boolean, out: Screen): void {
  out.write(json ? asJson(report) : asTables(report, out));
}

function asTables(report: Report, out: Screen): string {
  const { tariff, meter, simulated, range, reckoning, fixedCharged, covered } = report;
  const { bills, periods, estimated, coarse, unpriced } = reckoning;
  const total = sumOf(bills);
  const { currency, zone } = tariff;
  const exporting = total.export > 0;
  const rowOf = (name: string, bill: Omit<BillSum, 'from' | 'to' | 'isPart'>): Row => ({
    bill: name,
    kWh: bill.import.toFixed(3),
    cost: bill.cost.toFixed(2),
    ...(exporting ? { 'kWh out': bill.export.toFixed(3), credit: bill.credit.toFixed(2) } : {}),
    ...(total.fixed === 0 ? {} : { fixed: bill.fixed.toFixed(2) }),
    ...(total.minimum === 0 ? {} : { minimum: bill.minimum.toFixed(2) }),
    total: bill.total.toFixed(2),
    charged: bill.charged.toFixed(2),
    difference: inCents(bill.total - bill.charged),
  });
  const billRows = bills.map((bill) =>
    rowOf(`${dateOf(bill.from, zone)} to ${dateOf(bill.to - 1, zone)}${bill.isPart ? ' (part)' : ''}`, bill),
  );
  const periodRows = [...periods]
    .filter(([, sum]) => sum.import > 0 || sum.export > 0)
    .map(
      ([name, sum]): Row => ({
        period: oneLine(name),
        kWh: sum.import.toFixed(3),
        share: `${total.import === 0 ? 0 : Math.round((sum.import / total.import) * 100)} %`,
        cost: sum.cost.toFixed(2),
        ...(exporting ? { 'kWh out': sum.export.toFixed(3), credit: sum.credit.toFixed(2) } : {}),
      }),
    );
  const read = Math.round((covered * 100_000) / (range.to - range.from));
  const notes = [
    ...(read >= 99 ? [] : [`readings tell of ${read} % of this time`]),
    ...(fixedCharged === 0
      ? []
      : [`charged besides, for time alone: ${fixedCharged.toFixed(2)} ${currency}`]),
    ...(estimated.energy === 0
      ? []
      : [
          `not included: about ${estimated.energy.toFixed(3)} kWh that nobody counted, about ${estimated.cost.toFixed(2)} ${currency}`,
        ]),
    ...(coarse === 0
      ? []
      : [
          `${coarse.toFixed(3)} kWh fell into hours in which the price changes and whose readings are gone: they are spread evenly over their hour`,
        ]),
    ...(unpriced === 0
      ? []
      : [
          `${unpriced.toFixed(3)} kWh are priced by the fallback ${tariff.dynamic?.fallback}: no price is known`,
        ]),
    ...(tariff.minimum_monthly > 0 && bills.some(({ isPart }) => isPart)
      ? ['a part of a bill is not brought up to the least that a bill costs']
      : []),
  ];
  return [
    `${out.paint('bold', `${meter}${simulated ? ' (SIMULATED)' : ''} under ${oneLine(tariff.name)}`)}, ${isoOf(range.from, zone)} to ${isoOf(range.to, zone)}, ${currency}\n`,
    table([...billRows, ...(bills.length > 1 ? [rowOf('in all', total)] : [])], out, {
      leaveOut: ['difference', 'minimum', 'kWh out'],
    }),
    ...(periodRows.length === 0 ? [] : [table(periodRows, out)]),
    ...(notes.length === 0 ? [] : [`${notes.join('\n')}\n`]),
  ].join('\n');
}

function asJson({ tariff, meter, simulated, range, reckoning, fixedCharged }: Report): string {
  const { bills, periods, estimated, coarse, unpriced, currency } = reckoning;
  const { zone } = tariff;
  const span = ({ from, to }: Range) => ({ from: isoOf(from, zone), to: isoOf(to, zone) });
  const amounts = ({
    import: bought,
    export: sold,
    cost,
    credit,
  }: Omit<BillSum, keyof Range | 'isPart'>) => ({
    energy: round(bought),
    cost: round(cost),
    export_energy: round(sold),
    credit: round(credit),
  });
  const money = (sum: Omit<BillSum, keyof Range | 'isPart'>) => ({
    ...amounts(sum),
    fixed: round(sum.fixed),
    minimum: round(sum.minimum),
    total: round(sum.total),
    charged: round(sum.charged),
  });
  const lines = [
    ...bills.map((bill) => ({ kind: 'bill', ...span(bill), part: bill.isPart, ...money(bill) })),
    ...[...periods].map(([period, sum]) => ({
      kind: 'period',
      period,
      ...amounts({ ...sum, fixed: 0, minimum: 0, total: 0, charged: 0 }),
    })),
    {
      kind: 'total',
      meter,
      ...(simulated ? { simulated } : {}),
      tariff: tariff.name,
      currency,
      ...span(range),
      ...money(sumOf(bills)),
      fixed_charged: round(fixedCharged),
      estimated_energy: round(estimated.energy),
      estimated_cost: round(estimated.cost),
      spread_over_hours: round(coarse),
      priced_by_fallback: round(unpriced),
    },
  ];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** With two decimals, and no `-0.00` of what rounding leaves. */
function inCents(amount: number): string {
  return round(amount, 2).toFixed(2);
}
