import type { WatchStatus } from '../../doors/operations.ts';
import { sentence } from '../../notify/words.ts';
import { type Child, h, type VNode } from '../dom/vnode.ts';
import type { DrillProgress } from '../model/state.ts';
import { untilTomorrow } from '../model/tomorrow.ts';
import type { Scene } from '../scene.ts';
import { button } from './parts.ts';

const MINUTE = 60_000;

/** The question that is open, if any. */
export function dialog(scene: Scene): Child {
  const { state } = scene;
  const { dialog } = state;
  const watch = state.watches.find(({ name }) => name === dialog?.watch);
  if (dialog === undefined || watch === undefined) return undefined;
  switch (dialog.kind) {
    case 'restart':
      return restart(scene, watch);
    case 'hold':
      return hold(scene, watch);
    case 'drill':
      return drill(scene, watch, dialog.progress);
  }
}

function frame({ actions }: Scene, kind: string, title: string, ...content: Child[]): VNode {
  return h(
    'dialog',
    {
      key: kind,
      'aria-labelledby': 'dialog-title',
      mount: (element) => element instanceof HTMLDialogElement && element.showModal(),
      onclose: actions.close,
    },
    h('h2', { id: 'dialog-title' }, title),
    ...content,
  );
}

function restart(scene: Scene, { name, target = '', verdict }: WatchStatus): VNode {
  const { actions } = scene;
  const isWell = !['suspect', 'stalled'].includes(verdict.state);
  return frame(
    scene,
    'restart',
    `Restart ${name}?`,
    isWell
      ? h('p', {}, `By our own evidence nothing is wrong with it: ${verdict.sentence}.`)
      : h('p', {}, sentence(verdict.sentence)),
    h('p', {}, `This restarts ${target}. Readings stop for a few seconds; what was read before is safe.`),
    h(
      'div',
      { class: 'actions' },
      button(isWell ? 'Restart all the same' : 'Restart', () => actions.restart(name, isWell), 'primary'),
      button('Cancel', actions.close, 'plain'),
    ),
  );
}

function hold(scene: Scene, { name }: WatchStatus): VNode {
  const { state, formats, actions } = scene;
  const tomorrow = untilTomorrow(state.now, state.agent?.zone);
  const until = (ms: number) => formats.clock(state.now + ms);
  return frame(
    scene,
    'hold',
    `Leave ${name} alone`,
    h('p', {}, 'It goes on being read and recorded, but is not restarted and nobody is told, until then.'),
    h(
      'div',
      { class: 'actions' },
      button(
        '30 minutes',
        () => actions.hold(name, 30 * MINUTE),
        '',
        `30 minutes, until ${until(30 * MINUTE)}`,
      ),
      button('2 hours', () => actions.hold(name, 120 * MINUTE), '', `2 hours, until ${until(120 * MINUTE)}`),
      button('Until tomorrow', () => actions.hold(name, tomorrow), '', `Until tomorrow, ${until(tomorrow)}`),
      button('Cancel', actions.close, 'plain'),
    ),
    h('p', { class: 'note' }, `Until tomorrow means until ${until(tomorrow)}.`),
  );
}

function drill(scene: Scene, { name, target = '' }: WatchStatus, progress: DrillProgress | undefined): VNode {
  const { actions } = scene;
  if (progress === undefined)
    return frame(
      scene,
      'drill',
      `Fire drill for ${name}?`,
      h(
        'p',
        {},
        `This freezes ${target} for real, as if it hung. The agent has to notice, restart it, and prove by fresh readings that it works again.`,
      ),
      h(
        'p',
        {},
        'That takes some 5 to 10 seconds. Readings of that time are lost; where the meter counts by itself, no energy is.',
      ),
      h(
        'div',
        { class: 'actions' },
        button('Freeze it', () => actions.drill(name), 'primary'),
        button('Cancel', actions.close, 'plain'),
      ),
    );
  const [first] = progress.moments;
  return frame(
    scene,
    'drill',
    `Fire drill for ${name}`,
    h(
      'ol',
      { class: 'moments', 'aria-live': 'polite' },
      progress.moments.map(({ at, what, detail }) =>
        h(
          'li',
          { class: what === 'verified' ? 'good' : undefined },
          h('span', { class: 'at' }, `${((at - (first?.at ?? at)) / 1000).toFixed(1)} s`),
          h('strong', {}, what),
          h('span', { class: 'detail' }, detail),
        ),
      ),
      !progress.isOver &&
        h('li', { class: 'waiting' }, progress.moments.length === 0 ? 'Freezing it…' : 'Waiting…'),
    ),
    progress.error !== undefined && h('p', { class: 'error' }, sentence(progress.error)),
    h(
      'div',
      { class: 'actions' },
      button(progress.isOver ? 'Close' : 'Close, it goes on by itself', actions.close, 'primary'),
    ),
  );
}
