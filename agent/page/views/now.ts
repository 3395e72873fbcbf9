import type { MeterView } from '../../doors/views.ts';
import { duration } from '../../notify/words.ts';
import { h, type VNode } from '../dom/vnode.ts';
import { originOf } from '../model/balance.ts';
import { isLive, phasesOf, type ReadingView } from '../model/live-reading.ts';
import { concerns } from '../model/marks.ts';
import { standingsOf } from '../model/standings.ts';
import { meterOf } from '../model/state.ts';
import { tariffScale } from '../model/tariff-scale.ts';
import type { Scene } from '../scene.ts';
import { amount } from './parts.ts';

/** The newest reading: power, phases, price. */
export function now(scene: Scene): VNode {
  const { state, formats } = scene;
  const meter = meterOf(state);
  const reading = meter?.reading ?? undefined;
  const live = reading !== undefined && state.link.state === 'live' && isLive(reading, state.now);
  const isApparent = meter?.power_basis === 'apparent';
  const isOut = reading !== undefined && Math.round(reading.power) < 0;
  const origin = meter && originOf(meter);
  return h(
    'section',
    { class: 'now', 'aria-labelledby': 'now-title', 'data-live': live ? 'yes' : 'no' },
    h('h2', { class: 'eyebrow', id: 'now-title' }, meter ? `${meter.name}, now` : 'Now'),
    h(
      'p',
      { class: `power ${isOut ? 'out' : ''}` },
      amount(reading === undefined ? '–' : formats.power(reading.power), isApparent ? 'VA' : 'W', 'huge'),
    ),
    h(
      'p',
      { class: 'note' },
      isOut && h('strong', { class: 'out' }, 'Feeding out'),
      isOut && ' · ',
      noteOf(scene, live),
    ),
    origin && h('p', { class: 'note' }, origin),
    isApparent && h('p', { class: 'note' }, 'Apparent power: no power factor is set'),
    meter &&
      state.agent &&
      !state.watches.some((watch) => concerns(watch, meter.name)) &&
      h('p', { class: 'note' }, 'Nobody watches this meter: it is only recorded'),
    reading && h('ul', { class: 'phases', 'aria-label': 'Phases' }, phases(scene, reading)),
    reading && meter && price(scene, reading, meter),
    reading && dials(scene, reading),
  );
}

function noteOf({ state, formats }: Scene, live: boolean): string {
  const reading = meterOf(state)?.reading;
  if (!reading) return 'No reading yet';
  const at = Date.parse(reading.time);
  if (live) return `Live · ${formats.second(at)}`;
  return `Last reading at ${formats.moment(at, state.now)}, ${duration(Math.max(0, state.now - at))} ago`;
}

function phases({ formats }: Scene, reading: ReadingView): VNode[] {
  return phasesOf(reading).map(({ number, current, voltage, power }) =>
    h(
      'li',
      { key: String(number) },
      h('span', { class: 'name' }, `Phase ${number}`),
      power !== undefined && amount(formats.power(power), 'W', power < 0 ? 'out' : ''),
      current !== undefined && amount(formats.current(current), 'A'),
      voltage !== undefined && amount(formats.voltage(voltage), 'V', 'quiet'),
    ),
  );
}

/** Of the tariff’s period that is in force. */
function price({ formats }: Scene, reading: ReadingView, { periods, currency }: MeterView): VNode[] {
  const { price, tariff, export_price } = reading;
  const stop = tariffScale(periods).get(tariff);
  const row = (swatch: string, words: string, perKwh: number) =>
    h(
      'p',
      { class: 'price', key: words },
      h('span', { class: `swatch ${swatch}`, 'aria-hidden': 'true' }),
      h('span', { class: 'period' }, words),
      amount(formats.price(perKwh, currency), '/ kWh'),
    );
  return [
    row(`tariff-${stop ?? 'other'}`, tariff, price),
    ...(typeof export_price === 'number' ? [row('fed-out', 'fed out earns', export_price)] : []),
  ];
}

/** What the dials show, for who compares. */
function dials({ formats }: Scene, reading: ReadingView): VNode | undefined {
  const standings = standingsOf(reading);
  if (standings.length === 0) return undefined;
  return h(
    'details',
    { class: 'dials' },
    h('summary', {}, 'On the dials'),
    h(
      'dl',
      {},
      standings.map(({ name, value, unit }) =>
        h('div', { key: name }, h('dt', {}, name), h('dd', {}, amount(formats.standing(value), unit))),
      ),
    ),
  );
}
