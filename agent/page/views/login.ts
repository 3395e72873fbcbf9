import { h, type VNode } from '../dom/vnode.ts';
import type { Scene } from '../scene.ts';
import { mark } from './parts.ts';

/** What is seen instead of the house by who has no token, or may not come at all. */
export function login({ state, actions }: Scene): VNode {
  const { link } = state;
  if (link.state === 'refused')
    return h(
      'main',
      { class: 'door' },
      h('h1', { class: 'brand' }, mark(), 'wattdog'),
      h('p', { class: 'error', role: 'alert' }, link.why),
    );
  const isWrong = link.state === 'locked' && link.isWrong;
  return h(
    'main',
    { class: 'door' },
    h('h1', { class: 'brand' }, mark(), 'wattdog'),
    h(
      'form',
      {
        onsubmit: (event) => {
          event.preventDefault();
          const { target } = event;
          if (target instanceof HTMLFormElement)
            actions.login(String(new FormData(target).get('token') ?? ''));
        },
      },
      h('label', { for: 'token' }, 'Token'),
      h('input', {
        id: 'token',
        name: 'token',
        type: 'password',
        required: true,
        autocomplete: 'current-password',
        autofocus: true,
        'aria-invalid': isWrong ? 'true' : undefined,
        'aria-describedby': isWrong ? 'token-error token-note' : 'token-note',
      }),
      isWrong &&
        h('p', { class: 'error', id: 'token-error', role: 'alert' }, 'That is not the agent’s token.'),
      h('button', { type: 'submit', class: 'button primary' }, 'Open'),
      h(
        'p',
        { class: 'note', id: 'token-note' },
        'It is the setting agent.http.token, or what the file “page” in the folder of the broker’s passwords holds. ',
        'The address that the agent prints when it starts carries it.',
      ),
    ),
  );
}
