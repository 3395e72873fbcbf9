import { createPricing, SHIPPED } from '../../meter/tariff/pricing.ts';
import type { Arguments } from '../arguments.ts';
import type { Screen } from '../screen.ts';
import { table } from '../table.ts';

/** The tariffs that are shipped, by the names that `--tariff` and `meter.tariff` take. */
export function listTariffs({ options }: Arguments, out: Screen): void {
  const rows = [...SHIPPED].map(([name, tariff]) => ({
    name,
    title: tariff.name,
    currency: tariff.currency,
    zone: tariff.zone,
    periods: createPricing(tariff).periods.length,
  }));
  if (options.json !== undefined) for (const row of rows) out.write(`${JSON.stringify(row)}\n`);
  else out.write(table(rows, out));
}
