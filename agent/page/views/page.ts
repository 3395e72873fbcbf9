import { h, type VNode } from '../dom/vnode.ts';
import type { Scene } from '../scene.ts';
import { chart } from './chart.ts';
import { dialog } from './dialogs.ts';
import { energy } from './energy.ts';
import { firstSteps } from './first-steps.ts';
import { banners, header } from './header.ts';
import { incidents } from './incidents.ts';
import { login } from './login.ts';
import { now } from './now.ts';
import { footer, gaps, stores } from './records.ts';
import { watches } from './watches.ts';

/** All that is to be seen. */
export function page(scene: Scene): VNode['children'] {
  const { state } = scene;
  if (state.link.state === 'locked' || state.link.state === 'refused') return [login(scene)];
  return h(
    'body',
    {},
    header(scene),
    h(
      'main',
      { class: state.link.state === 'lost' ? 'lost' : '' },
      banners(scene),
      h('div', { class: 'card live' }, now(scene), chart(scene)),
      firstSteps(scene),
      state.agent && [
        energy(scene),
        h('div', { class: 'pair' }, watches(scene), incidents(scene)),
        gaps(scene),
        stores(scene),
      ],
    ),
    footer(scene),
    dialog(scene),
  ).children;
}
