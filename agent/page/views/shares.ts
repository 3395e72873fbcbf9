import type { SumView } from '../../doors/views.ts';
import { h, type VNode } from '../dom/vnode.ts';
import type { Formats } from '../model/format.ts';
import type { TariffScale } from '../model/tariff-scale.ts';

type Share = SumView['shares'][number];

/** What each period of the tariff contributed, in words. @param currency ISO 4217. */
export function describeShares(formats: Formats, shares: readonly Share[], currency: string | null): string {
  if (shares.length === 0) return 'Nothing yet';
  return shares
    .map(
      ({ tariff, energy, cost }) =>
        `${tariff} ${formats.energy(energy)} kWh, ${formats.money(cost, currency)}`,
    )
    .join('; ');
}

/** The same in colours, from the cheapest to the dearest. @param whole kWh. */
export function segments(scale: TariffScale, shares: readonly Share[], whole: number): VNode[] {
  return shares
    .toSorted((a, b) => (scale.get(a.tariff) ?? -1) - (scale.get(b.tariff) ?? -1))
    .map(({ tariff, energy }) => {
      const stop = scale.get(tariff);
      const share = whole > 0 ? Math.max(0, energy / whole) : 0;
      return h('span', {
        key: tariff,
        class: stop === undefined ? 'tariff-other' : `tariff-${stop}`,
        style: { '--share': share.toFixed(4) },
      });
    });
}
