import type { GapView, StoreView } from '../../doors/views.ts';
import { duration, gapCause, sentence } from '../../notify/words.ts';
import { type Child, h, type VNode } from '../dom/vnode.ts';
import type { Scene } from '../scene.ts';
import { amount, badge, button, section, table } from './parts.ts';

const FEW = 5;

/** When there were no readings, and what is known of those times. */
export function gaps({ state, formats, actions }: Scene): VNode {
  const shown = state.showsAllGaps ? state.gaps : state.gaps.slice(0, FEW);
  const several = state.meters.length > 1;
  return section(
    'gaps',
    'Gaps',
    h('span', { class: 'aside' }, 'last 30 days'),
    state.gaps.length === 0
      ? h('p', { class: 'note' }, 'None: nothing was silent for long.')
      : table<GapView>(
          'Times without readings',
          [
            ...(several ? [{ heading: 'Meter', cell: ({ meter }: GapView) => meter }] : []),
            { heading: 'From', cell: ({ start }) => formats.moment(start, state.now) },
            {
              heading: 'Lasted',
              cell: ({ start, end }) => duration((end ?? state.now) - start),
              isNumber: true,
            },
            {
              heading: 'Why',
              cell: ({ cause, end }) => (end === null ? 'it lasts' : gapCause(cause)),
            },
            {
              heading: 'Readings',
              cell: ({ readings, end }) => (end === null ? '' : formats.count(readings)),
              isNumber: true,
            },
            { heading: 'kWh', cell: energyOf, isNumber: true },
          ],
          shown,
        ),
    state.gaps.length > FEW &&
      button(
        state.showsAllGaps ? 'Show the newest only' : `Show all ${state.gaps.length}`,
        actions.toggleGaps,
        'plain',
      ),
  );
}

function energyOf({ energy, estimatedEnergy, end }: GapView): Child {
  if (end === null) return '';
  if (estimatedEnergy > 0) return amount(`≈ ${estimatedEnergy.toFixed(3)}`, 'estimated');
  return amount(energy.toFixed(3), 'counted');
}

/** How far each store has been fed from the journal. */
export function stores({ state, formats }: Scene): Child {
  if (state.stores.length === 0) return undefined;
  return section(
    'stores',
    'Stores',
    undefined,
    table<StoreView>(
      'Metrics stores',
      [
        { heading: 'Store', cell: ({ name }) => name },
        {
          heading: 'State',
          cell: ({ downSince, error, lag }) =>
            downSince === null
              ? badge('good', lag > 0 ? 'catching up' : 'up to date')
              : h(
                  'div',
                  {},
                  badge('bad', `away since ${formats.moment(downSince, state.now)}`),
                  error !== null && h('span', { class: 'quiet block' }, sentence(error)),
                ),
        },
        { heading: 'Waiting', cell: ({ lag }) => formats.count(lag), isNumber: true },
        { heading: 'Written', cell: ({ written }) => formats.count(written), isNumber: true },
        { heading: 'Refused', cell: ({ rejected }) => formats.count(rejected), isNumber: true },
      ],
      state.stores,
    ),
  );
}

export function footer({ state, formats }: Scene): VNode {
  const { agent } = state;
  return h(
    'footer',
    { class: 'foot' },
    agent && [
      h('p', {}, `wattdog ${agent.version}, running since ${formats.moment(agent.started, state.now)}`),
      h(
        'p',
        {},
        `${agent.embedded ? 'Embedded broker' : 'Broker'} ${agent.broker}${agent.connected ? '' : ', no session'}`,
      ),
      h(
        'p',
        {},
        agent.journal.trouble === null ? 'Journal in order' : `Journal: ${agent.journal.trouble}`,
        agent.journal.expired > 0 && `, ${formats.count(agent.journal.expired)} readings have expired`,
      ),
      h('p', {}, `Times are those of ${agent.zone}`),
    ],
    h('p', {}, h('a', { href: 'api/v1/openapi.json' }, 'API')),
  );
}
