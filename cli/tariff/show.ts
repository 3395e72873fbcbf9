import { createPricing } from '../../meter/tariff/pricing.ts';
import type { Arguments } from '../arguments.ts';
import { settingsFor } from '../settings.ts';
import { drawDay } from './chart.ts';
import { bookOf, chooseTariff, type TariffDeps } from './choose.ts';
import { isoOf, parseDay } from './local.ts';

/** Draws what a kWh costs, and earns, on one local day of the tariff. */
export async function showTariff(args: Arguments, deps: TariffDeps, signal: AbortSignal): Promise<void> {
  const { options } = args;
  const settings = settingsFor(args, deps.environment);
  const chosen = chooseTariff(options, settings);
  const { tariff } = chosen;
  const now = deps.time.now();
  const day = parseDay(options.day ?? 'today', tariff.zone, now);
  const book = await bookOf(chosen, settings.data, day, deps, signal);
  const slices = createPricing(tariff, book).split(day.from, day.to);
  if (options.json === undefined) {
    deps.out.write(drawDay({ tariff, slices, day, now }, deps.out));
    return;
  }
  for (const { from, to, price, exportPrice, period, provisional } of slices) {
    const line = {
      from: isoOf(from, tariff.zone),
      to: isoOf(to, tariff.zone),
      price,
      ...(exportPrice === undefined ? {} : { export_price: exportPrice }),
      period,
      ...(provisional ? { provisional } : {}),
    };
    deps.out.write(`${JSON.stringify(line)}\n`);
  }
}
