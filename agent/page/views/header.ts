import { h, type VNode } from '../dom/vnode.ts';
import { houseOf } from '../model/house.ts';
import { meterOf } from '../model/state.ts';
import type { Scene } from '../scene.ts';
import { mark } from './parts.ts';

export function header({ state, actions }: Scene): VNode {
  const { tone, sentence } = houseOf(state);
  const isSilent = state.link.state === 'lost';
  return h(
    'header',
    { class: 'top' },
    h('h1', { class: 'brand' }, mark(), 'wattdog'),
    // Announced when it changes, which it does only with the state of the house.
    h(
      'p',
      { class: `house ${isSilent ? 'blind' : tone}`, role: 'status' },
      h('span', { class: 'dot', 'aria-hidden': 'true' }),
      h('span', {}, isSilent ? 'No connection to the agent' : sentence),
    ),
    state.meters.length > 1 &&
      h(
        'label',
        { class: 'chooser' },
        h('span', { class: 'hidden' }, 'Meter'),
        h(
          'select',
          { onchange: (event) => actions.choose(chosenIn(event)) },
          state.meters.map(({ name }) =>
            h('option', { key: name, value: name, selected: name === state.chosen }, name),
          ),
        ),
      ),
  );
}

function chosenIn({ target }: Event): string {
  return target instanceof HTMLSelectElement ? target.value : '';
}

/** What must not be overlooked. */
export function banners({ state, formats }: Scene): VNode[] {
  const found: VNode[] = [];
  if (state.link.state === 'lost')
    found.push(
      h(
        'p',
        { class: 'banner lost', key: 'lost' },
        h('strong', {}, `No connection to the agent since ${formats.second(state.link.since)}.`),
        ' What you see is from then; it is tried again.',
      ),
    );
  if (meterOf(state)?.simulated)
    found.push(
      h(
        'p',
        { class: 'banner simulated', key: 'simulated' },
        h('strong', {}, 'SIMULATED'),
        ' These readings are made up: no meter is connected.',
      ),
    );
  return found;
}
