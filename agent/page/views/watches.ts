import type { WatchStatus } from '../../doors/operations.ts';
import { duration, sentence } from '../../notify/words.ts';
import { type Child, h, type VNode } from '../dom/vnode.ts';
import { STATE_WORDS, TONES } from '../model/house.ts';
import type { Scene } from '../scene.ts';
import { badge, button, section } from './parts.ts';

/** Everybody that is watched, what is thought of him and why, and what can be done about it. */
export function watches(scene: Scene): VNode {
  const { state } = scene;
  return section(
    'watches',
    'Watched',
    undefined,
    state.watches.length === 0 && h('p', { class: 'note' }, 'Nothing is watched yet.'),
    h(
      'ul',
      { class: 'rows' },
      state.watches.map((watch) => h('li', { class: 'watch', key: watch.name }, one(scene, watch))),
    ),
  );
}

function one({ state, formats, actions }: Scene, watch: WatchStatus): Child {
  const { name, verdict, target, heldUntil } = watch;
  const answer = state.answers[name];
  return [
    h(
      'div',
      { class: 'watch-head' },
      h('h3', {}, name),
      badge(TONES[verdict.state], STATE_WORDS[verdict.state]),
    ),
    h('p', { class: 'verdict' }, sentence(verdict.sentence)),
    heldUntil !== undefined &&
      h('p', { class: 'note' }, `Left alone until ${formats.moment(heldUntil, state.now)}.`),
    h(
      'details',
      {},
      h('summary', {}, 'Evidence'),
      h(
        'dl',
        { class: 'evidence' },
        evidence(watch).map(([term, text]) => h('div', { key: term }, h('dt', {}, term), h('dd', {}, text))),
      ),
    ),
    h(
      'div',
      { class: 'actions', role: 'group', 'aria-label': `What to do with ${name}` },
      target !== undefined &&
        heldUntil === undefined &&
        button('Restart…', () => actions.open({ kind: 'restart', watch: name })),
      heldUntil === undefined
        ? button('Leave alone…', () => actions.open({ kind: 'hold', watch: name }))
        : button('Watch again', () => actions.release(name)),
      target !== undefined &&
        heldUntil === undefined &&
        button('Fire drill…', () => actions.open({ kind: 'drill', watch: name, progress: undefined })),
    ),
    h('p', { class: 'answer', role: 'status' }, answer),
  ];
}

/** @param ms that our question has been open; they are open for a moment all the time. */
function answered(ms: number): string {
  return ms < 500 ? 'answers at once' : `has not answered for ${duration(ms)}`;
}

/** What the verdict rests on, in words. */
function evidence({ verdict: { evidence }, topics, target }: WatchStatus): [term: string, text: string][] {
  const { silence, limits, probe, stopped, meter, container, progress } = evidence;
  const found: [string, string | undefined][] = [
    ['Listens to', topics.length === 0 ? 'its container alone' : topics.join(', ')],
    ['Cadence', limits && `a message every ${duration(limits.median)}`],
    [
      'Patience',
      limits &&
        `suspect after ${duration(limits.suspect)} of silence, stalled after ${duration(limits.stalled)}`,
    ],
    ['Silent for', silence === undefined ? undefined : duration(silence)],
    ['Asked', probe && `${answered(probe.unanswered)}; frozen after ${duration(probe.limit)}`],
    ['Process', stopped],
    [
      'Its port',
      meter && (meter.port === 'open' ? 'open' : `being opened${meter.trouble ? `: ${meter.trouble}` : ''}`),
    ],
    [
      'Field',
      progress && `${progress.field} has stood at ${progress.value} for ${duration(progress.unmoved)}`,
    ],
    [
      'Behind it',
      container && [container.name, container.status, container.health].filter(Boolean).join(', '),
    ],
    ['Would be restarted', target ?? 'nothing: it is only told of'],
  ];
  return found.flatMap(([term, text]) => (text === undefined ? [] : [[term, text]]));
}
