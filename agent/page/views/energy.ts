import type { EnergyView, MeterView, SumView } from '../../doors/views.ts';
import { type Child, h, type VNode } from '../dom/vnode.ts';
import { type Present, presentOf } from '../model/balance.ts';
import { meterOf } from '../model/state.ts';
import { type TariffScale, tariffScale } from '../model/tariff-scale.ts';
import type { Scene } from '../scene.ts';
import { days as daysOf } from './days.ts';
import { amount, section } from './parts.ts';
import { describeShares, segments } from './shares.ts';

/** What was used and what it cost, what was fed out and what it earned: today, yesterday, this month, day by day. */
export function energy(scene: Scene): Child {
  const { state, formats } = scene;
  const meter = meterOf(state);
  if (meter === undefined) return undefined;
  const scale = tariffScale(meter.periods);
  const days = state.days?.meter === meter.name ? state.days.buckets : [];
  const { today, yesterday, month, forecast } = meter;
  const present = presentOf(meter, [today, yesterday, month, ...days]);
  return section(
    'energy',
    'Energy and cost',
    meter.tariff && h('span', { class: 'aside' }, meter.tariff),
    h(
      'div',
      { class: 'sums' },
      sum(scene, 'Today', today, { scale, present }),
      sum(scene, 'Yesterday', yesterday, { scale, present }),
      sum(scene, formats.month(month.start), month, { scale, present, forecast }),
    ),
    legend(scene, meter, days, scale),
    days.length > 1 && daysOf(scene, days, { scale, present }),
  );
}

function sum(
  scene: Scene,
  title: string,
  view: SumView,
  { scale, present, forecast }: { scale: TariffScale; present: Present; forecast?: MeterView['forecast'] },
): VNode {
  const { energy, cost, shares, simulated } = view;
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
      { class: 'stack', role: 'img', 'aria-label': describeShares(formats, shares, currency) },
      segments(scale, shares, energy),
    ),
    balance(scene, view, present, currency),
    forecast &&
      h(
        'p',
        { class: 'forecast' },
        `Forecast ${formats.energy(forecast.energy)} kWh · ${formats.money(forecast.cost, currency)}`,
        (present.export || present.fixed) && ` · net ${formats.money(forecast.net, currency)}`,
      ),
  );
}

/** What there is beside what was taken in, and what remains of both. */
function balance({ formats }: Scene, view: SumView, present: Present, currency: string | null): Child {
  const { energy, export_energy, credit, fixed_cost, net, gas, water } = view;
  const volume = (value: number | null) => (value === null ? '–' : `${formats.energy(value)} m³`);
  const rows: [name: string, energy: string, money: string, kind?: string][] = [];
  if (present.export)
    rows.push(['Fed out', `${formats.energy(export_energy)} kWh`, formats.money(credit, currency), 'out']);
  if (present.fixed) rows.push(['Fixed charges', '', formats.money(fixed_cost, currency)]);
  if (present.export || present.fixed) {
    const kWh = present.export ? `${formats.energy(energy - export_energy)} kWh` : '';
    rows.push(['Net', kWh, formats.money(net, currency), 'net']);
  }
  if (present.gas) rows.push(['Gas', volume(gas), '']);
  if (present.water) rows.push(['Water', volume(water), '']);
  if (rows.length === 0) return undefined;
  return h(
    'dl',
    { class: 'balance' },
    rows.map(([name, energy, money, kind]) =>
      h('div', { key: name, class: kind }, h('dt', {}, name), h('dd', {}, energy), h('dd', {}, money)),
    ),
  );
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
