import type { EnergyView } from '../../doors/views.ts';
import { h, type VNode } from '../dom/vnode.ts';
import type { Present } from '../model/balance.ts';
import { meterOf } from '../model/state.ts';
import type { TariffScale } from '../model/tariff-scale.ts';
import type { Scene } from '../scene.ts';
import { type Column, table } from './parts.ts';
import { segments } from './shares.ts';

type Day = EnergyView['buckets'][number];

/** Day by day, as bars and as a table; what was fed out hangs below. */
export function days(
  scene: Scene,
  days: readonly Day[],
  { scale, present }: { scale: TariffScale; present: Present },
): VNode {
  const { formats, state } = scene;
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
    bars(scene, days, scale),
    h(
      'details',
      {},
      h('summary', {}, 'Day by day'),
      table('Energy and cost by day', columns(scene, present), days.toReversed()),
    ),
  );
}

function bars(scene: Scene, days: readonly Day[], scale: TariffScale): VNode {
  const mostIn = Math.max(...days.map(({ energy }) => energy));
  const mostOut = Math.max(...days.map(({ export_energy }) => export_energy));
  const most = Math.max(mostIn, mostOut, 1e-9);
  const share = (kWh: number) => (Math.max(0, kWh) / most).toFixed(4);
  return h(
    'div',
    {
      class: `bars ${mostOut > 0 ? 'both' : ''}`,
      role: 'img',
      'aria-label': `Energy of each of ${days.length} days, as in the table below`,
      style: { '--most-in': share(mostIn), '--most-out': share(mostOut) },
    },
    days.map((day) =>
      h(
        'div',
        {
          class: `bar ${day.simulated && meterOf(scene.state)?.simulated === false ? 'made-up' : ''}`,
          key: String(day.start),
          title: titleOf(scene, day),
        },
        h(
          'span',
          { class: 'column', style: { '--share': share(day.energy) } },
          segments(scale, day.shares, day.energy),
        ),
        h('span', { class: 'day' }, scene.formats.dayOfMonth(day.start)),
        mostOut > 0 && h('span', { class: 'column-out', style: { '--share': share(day.export_energy) } }),
      ),
    ),
  );
}

function titleOf({ state, formats }: Scene, day: Day): string {
  const { start, energy, cost, export_energy, credit, simulated } = day;
  const currency = meterOf(state)?.currency ?? null;
  const out =
    export_energy > 0
      ? `; fed out ${formats.energy(export_energy)} kWh, ${formats.money(credit, currency)}`
      : '';
  return `${formats.day(start)}: ${formats.energy(energy)} kWh, ${formats.money(cost, currency)}${out}${simulated ? ', simulated' : ''}`;
}

function columns({ state, formats }: Scene, present: Present): Column<Day>[] {
  const currency = meterOf(state)?.currency ?? null;
  const number = (heading: string, cell: (day: Day) => string): Column<Day> => ({
    heading,
    cell,
    isNumber: true,
  });
  const volume = (value: number | null) => (value === null ? '–' : formats.energy(value));
  return [
    { heading: 'Day', cell: ({ start }) => formats.day(start) },
    number('kWh', ({ energy }) => formats.energy(energy)),
    number('Cost', ({ cost }) => formats.money(cost, currency)),
    ...(present.export
      ? [
          number('kWh fed out', ({ export_energy }) => formats.energy(export_energy)),
          number('Earned', ({ credit }) => formats.money(credit, currency)),
        ]
      : []),
    ...(present.export || present.fixed ? [number('Net', ({ net }) => formats.money(net, currency))] : []),
    ...(present.gas ? [number('Gas, m³', ({ gas }) => volume(gas))] : []),
    ...(present.water ? [number('Water, m³', ({ water }) => volume(water))] : []),
    number('Peak, W', ({ max }) => (max === null ? '–' : formats.power(max))),
  ];
}
