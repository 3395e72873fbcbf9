import type { EnergyView, MeterView, SumView } from '../../doors/views.ts';
import { type Child, h, type VNode } from '../dom/vnode.ts';
import { meterOf } from '../model/state.ts';
import { type TariffScale, tariffScale } from '../model/tariff-scale.ts';
import type { Scene } from '../scene.ts';
import { amount, section, table } from './parts.ts';

type Share = SumView['shares'][number];

/** What was used and what it cost: today, yesterday, this month, day by day. */
export function energy(scene: Scene): Child {
  const { state, formats } = scene;
  const meter = meterOf(state);
  if (meter === undefined) return undefined;
  const scale = tariffScale(meter.periods);
  const days = state.days?.meter === meter.name ? state.days.buckets : [];
  return section(
    'energy',
    'Energy and cost',
    meter.tariff && h('span', { class: 'aside' }, meter.tariff),
    h(
      'div',
      { class: 'sums' },
      sum(scene, 'Today', meter.today, scale),
      sum(scene, 'Yesterday', meter.yesterday, scale),
      sum(scene, formats.month(meter.month.start), meter.month, scale, meter.forecast),
    ),
    legend(scene, meter, days, scale),
    days.length > 1 && bars(scene, days, scale),
  );
}

function sum(
  scene: Scene,
  title: string,
  { energy, cost, shares, simulated }: SumView,
  scale: TariffScale,
  forecast?: MeterView['forecast'],
): VNode {
  const { state, formats } = scene;
  const meter = meterOf(state);
  const currency = meter?.currency ?? null;
  // Where the meter itself is simulated, all is, and a banner says so.
  const isMadeUp = simulated && meter?.simulated === false;
  return h(
    'article',
    { class: 'sum' },
    h('h3', {}, title, isMadeUp && h('span', { class: 'tag' }, 'simulated')),
    h('p', { class: 'used' }, amount(formats.energy(energy), 'kWh', 'large')),
    h('p', { class: 'cost' }, formats.money(cost, currency)),
    h(
      'div',
      { class: 'stack', role: 'img', 'aria-label': describe(scene, shares) },
      inOrder(shares, scale).map((share) => segment(scale, share, energy)),
    ),
    forecast &&
      h(
        'p',
        { class: 'forecast' },
        `Forecast ${formats.energy(forecast.energy)} kWh · ${formats.money(forecast.cost, currency)}`,
      ),
  );
}

function describe({ state, formats }: Scene, shares: Share[]): string {
  const currency = meterOf(state)?.currency ?? null;
  if (shares.length === 0) return 'Nothing yet';
  return shares
    .map(
      ({ tariff, energy, cost }) =>
        `${tariff} ${formats.energy(energy)} kWh, ${formats.money(cost, currency)}`,
    )
    .join('; ');
}

/** From the cheapest to the dearest. */
function inOrder(shares: Share[], scale: TariffScale): Share[] {
  return shares.toSorted((a, b) => (scale.get(a.tariff) ?? -1) - (scale.get(b.tariff) ?? -1));
}

function segment(scale: TariffScale, { tariff, energy }: Share, whole: number): VNode {
  const stop = scale.get(tariff);
  const share = whole > 0 ? Math.max(0, energy / whole) : 0;
  return h('span', {
    key: tariff,
    class: stop === undefined ? 'tariff-other' : `tariff-${stop}`,
    style: { '--share': share.toFixed(4) },
  });
}

/** The periods that are seen somewhere below or above, and the present one. */
function legend(
  { state, formats }: Scene,
  meter: MeterView,
  days: EnergyView['buckets'],
  scale: TariffScale,
): VNode {
  const present = meter.reading?.tariff;
  const seen = new Set<unknown>(
    [meter.today, meter.yesterday, meter.month, ...days].flatMap(({ shares }) =>
      shares.map(({ tariff }) => tariff),
    ),
  ).add(present);
  const shown = meter.periods.filter(({ name }) => seen.has(name)).sort((a, b) => a.price - b.price);
  return h(
    'ul',
    { class: 'legend', 'aria-label': 'Periods of the tariff' },
    shown.map(({ name, price }) =>
      h(
        'li',
        { key: name },
        h('span', { class: `swatch tariff-${scale.get(name)}`, 'aria-hidden': 'true' }),
        name,
        h('span', { class: 'quiet' }, formats.price(price, meter.currency)),
        name === present && state.link.state === 'live' && h('span', { class: 'tag' }, 'now'),
      ),
    ),
  );
}

function bars(scene: Scene, days: EnergyView['buckets'], scale: TariffScale): VNode {
  const { formats, state } = scene;
  const currency = meterOf(state)?.currency ?? null;
  const most = Math.max(...days.map(({ energy }) => energy), 1e-9);
  const whole = days.filter(({ end }) => end <= state.now);
  const mean = whole.reduce((sum, { energy }) => sum + energy, 0) / whole.length;
  return h(
    'div',
    { class: 'by-day' },
    h(
      'div',
      { class: 'by-day-head' },
      h('h3', {}, 'Last 30 days'),
      whole.length > 0 && h('span', { class: 'aside' }, `${formats.energy(mean)} kWh a day`),
    ),
    h(
      'div',
      {
        class: 'bars',
        role: 'img',
        'aria-label': `Energy of each of ${days.length} days, as in the table below`,
      },
      days.map(({ start, energy, cost, shares, simulated }) =>
        h(
          'div',
          {
            class: `bar ${simulated && meterOf(state)?.simulated === false ? 'made-up' : ''}`,
            key: String(start),
            title: `${formats.day(start)}: ${formats.energy(energy)} kWh, ${formats.money(cost, currency)}${simulated ? ', simulated' : ''}`,
          },
          h(
            'span',
            { class: 'column', style: { '--share': (Math.max(0, energy) / most).toFixed(4) } },
            inOrder(shares, scale).map((share) => segment(scale, share, energy)),
          ),
          h('span', { class: 'day' }, formats.dayOfMonth(start)),
        ),
      ),
    ),
    h(
      'details',
      {},
      h('summary', {}, 'Day by day'),
      table(
        'Energy and cost by day',
        [
          { heading: 'Day', cell: ({ start }) => formats.day(start) },
          { heading: 'kWh', cell: ({ energy }) => formats.energy(energy), isNumber: true },
          { heading: 'Cost', cell: ({ cost }) => formats.money(cost, currency), isNumber: true },
          {
            heading: 'Peak, W',
            cell: ({ max }) => (max === null ? '–' : formats.power(max)),
            isNumber: true,
          },
        ],
        days.toReversed(),
      ),
    ),
  );
}
