import type { MeterView } from '../../doors/views.ts';
import { duration } from '../../notify/words.ts';
import { h, type VNode } from '../dom/vnode.ts';
import { isLive, phasesOf, type ReadingView } from '../model/live-reading.ts';
import { concerns } from '../model/marks.ts';
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
  return h(
    'section',
    { class: 'now', 'aria-labelledby': 'now-title', 'data-live': live ? 'yes' : 'no' },
    h('h2', { class: 'eyebrow', id: 'now-title' }, meter ? `${meter.name}, now` : 'Now'),
    h(
      'p',
      { class: 'power' },
      amount(reading === undefined ? '–' : formats.power(reading.power), isApparent ? 'VA' : 'W', 'huge'),
    ),
    h('p', { class: 'note' }, noteOf(scene, live)),
    isApparent && h('p', { class: 'note' }, 'Apparent power: no power factor is set'),
    meter &&
      state.agent &&
      !state.watches.some((watch) => concerns(watch, meter.name)) &&
      h('p', { class: 'note' }, 'Nobody watches this meter: it is only recorded'),
    reading && h('ul', { class: 'phases', 'aria-label': 'Phases' }, phases(scene, reading)),
    reading && meter && price(scene, reading, meter),
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
  return phasesOf(reading).map(({ number, current, voltage }) =>
    h(
      'li',
      { key: String(number) },
      h('span', { class: 'name' }, `Phase ${number}`),
      current !== undefined && amount(formats.current(current), 'A'),
      voltage !== undefined && amount(formats.voltage(voltage), 'V', 'quiet'),
    ),
  );
}

/** Of the tariff’s period that is in force. */
function price({ formats }: Scene, { price, tariff }: ReadingView, meter: MeterView): VNode {
  const stop = tariffScale(meter.periods).get(tariff);
  return h(
    'p',
    { class: 'price' },
    h('span', { class: `swatch tariff-${stop ?? 'other'}`, 'aria-hidden': 'true' }),
    h('span', { class: 'period' }, tariff),
    amount(formats.price(price, meter.currency), '/ kWh'),
  );
}
