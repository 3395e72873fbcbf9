import { type Child, h, type VNode } from '../dom/vnode.ts';
import { marksOf } from '../model/marks.ts';
import { feedsOut, knowsPeaks, summaryOf, tableOf } from '../model/power.ts';
import { type Measure, measuresOf, phaseFieldsOf, RANGES, rangeOf } from '../model/ranges.ts';
import { meterOf, type State } from '../model/state.ts';
import type { Scene } from '../scene.ts';
import { button, choice, table } from './parts.ts';

const MEASURES: Record<Measure, string> = {
  power: 'Power',
  phases: 'Phases',
  current: 'Current',
  voltage: 'Voltage',
};
/** s */
const DAY_SECONDS = 86_400;
const TABLE_ROWS = 24;

/** Power over time, with everything to choose what is shown. */
export function chart(scene: Scene): VNode {
  const { state, actions } = scene;
  const measures = measuresOf(meterOf(state)?.fields ?? []);
  return h(
    'section',
    { class: 'history', 'aria-labelledby': 'history-title' },
    h('h2', { class: 'hidden', id: 'history-title' }, 'Power over time'),
    h(
      'div',
      { class: 'controls' },
      choice('range', 'Range', RANGES, state.range, actions.show),
      measures.length > 1 &&
        choice(
          'measure',
          'What is charted',
          measures.map((id) => ({ id, label: MEASURES[id] })),
          state.measure,
          actions.measure,
        ),
    ),
    h('p', { class: 'summary', id: 'history-summary' }, summary(scene)),
    h('div', {
      class: 'plot',
      opaque: true,
      role: 'img',
      'aria-label': `Chart of ${state.measure} over ${rangeOf(state.range).words}`,
      'aria-describedby': 'history-summary',
      hidden: state.isTable,
      mount: scene.mountChart,
    }),
    state.isTable &&
      h(
        'div',
        { class: 'as-table', role: 'region', 'aria-label': 'Power as a table', tabindex: 0 },
        rows(scene),
      ),
    h(
      'div',
      { class: 'below' },
      legend(state),
      button(state.isTable ? 'Show as chart' : 'Show as table', actions.toggleTable, 'plain'),
    ),
  );
}

function summary({ state, formats }: Scene): string {
  const found = state.power && summaryOf(state.power);
  if (state.power === undefined) return ' ';
  if (found === undefined) return 'No readings in this time';
  const unit = unitOf(state);
  const { step } = state.power;
  const at = step >= DAY_SECONDS ? formats.date(found.mostAt) : formats.moment(found.mostAt, state.now);
  const most = step === 0 || knowsPeaks(state.power) ? 'peak' : 'highest mean';
  return `Mean ${formats.power(found.mean)} ${unit} · least ${formats.power(found.least)} · ${most} ${formats.power(found.most)}, ${at}`;
}

function unitOf(state: State): string {
  return meterOf(state)?.power_basis === 'apparent' ? 'VA' : 'W';
}

function band(kind: string, text: string): VNode {
  return h('li', {}, h('span', { class: `band ${kind}`, 'aria-hidden': 'true' }), text);
}

function line(kind: string, text: string): VNode {
  return h('li', { key: text }, h('span', { class: `line ${kind}`, 'aria-hidden': 'true' }), text);
}

function legend(state: State): Child {
  const { measure, power, chosen = '', range, now } = state;
  const from = now - rangeOf(range).ms;
  const kinds = new Set(marksOf(chosen, state).flatMap(({ kind, to }) => (to > from ? [kind] : [])));
  const phases = phaseFieldsOf(measure, Object.keys(power?.fields ?? {})).map(({ phase }) => phase);
  const isSigned = measure === 'power' && power !== undefined && feedsOut(power);
  if (measure !== 'power' && phases.length === 0)
    return h(
      'p',
      { class: 'note' },
      'Phases are kept with single readings, not with the sums of longer times',
    );
  return h(
    'ul',
    { class: 'legend' },
    phases.map((phase, index) => line(`line-${index % 3}`, `Phase ${phase}`)),
    isSigned && [line('taking-in', 'Taking in'), line('feeding-out', 'Feeding out')],
    kinds.has('incident') && band('incident', 'Incident'),
    kinds.has('drill') && band('incident', 'Fire drill'),
    kinds.has('gap') && band('gap', 'Gap'),
  );
}

function rows({ state, formats }: Scene): Child {
  if (state.power === undefined) return undefined;
  const unit = unitOf(state);
  const value = (watts: number | null) => (watts === null ? 'no reading' : formats.power(watts));
  return table(
    `Power over ${rangeOf(state.range).words}`,
    [
      { heading: 'From', cell: ({ from }) => formats.moment(from, state.now) },
      { heading: `Mean, ${unit}`, cell: ({ mean }) => value(mean), isNumber: true },
      { heading: `Peak, ${unit}`, cell: ({ most }) => value(most), isNumber: true },
    ],
    tableOf(state.power, TABLE_ROWS),
  );
}
