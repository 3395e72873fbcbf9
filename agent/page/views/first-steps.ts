import { type Child, h, type VNode } from '../dom/vnode.ts';
import { firstSteps as stepsOf } from '../model/first-steps.ts';
import { meterOf } from '../model/state.ts';
import type { Scene } from '../scene.ts';
import { button, section } from './parts.ts';

/** With a simulated meter: how to read a real one. */
export function firstSteps(scene: Scene): Child {
  const { state, actions } = scene;
  if (state.hidesFirstSteps || state.agent === undefined || !meterOf(state)?.simulated) return undefined;
  const { devices, canSee, command, environment } = stepsOf(state.agent.devices);
  return section(
    'first-steps',
    'Read your own meter',
    button('Not now', actions.hideFirstSteps, 'plain'),
    h(
      'ol',
      { class: 'steps' },
      h('li', {}, h('h3', {}, 'Plug it in'), plugged(devices, canSee)),
      h(
        'li',
        {},
        h('h3', {}, 'Start with its name'),
        canSee
          ? [
              h('p', {}, 'Stop this with Ctrl+C and start it again like this:'),
              code(scene, command),
              h(
                'details',
                {},
                h('summary', {}, 'In containers'),
                h(
                  'p',
                  {},
                  'Put this into ',
                  h('code', {}, '.env'),
                  ', then ',
                  h('code', {}, 'docker compose up -d'),
                  '.',
                ),
                code(scene, environment),
              ),
            ]
          : [
              h(
                'p',
                {},
                'Put this into ',
                h('code', {}, '.env'),
                ', then ',
                h('code', {}, 'docker compose up -d'),
                ':',
              ),
              code(scene, environment),
              h('details', {}, h('summary', {}, 'Without containers'), code(scene, command)),
            ],
      ),
      h(
        'li',
        {},
        h('h3', {}, 'See it here'),
        h(
          'p',
          {},
          'This page shows it within seconds. Your tariff and, for real watts, a power factor for each phase go into ',
          h('code', {}, 'wattdog.yaml'),
          '.',
        ),
      ),
    ),
  );
}

function plugged(devices: string[], canSee: boolean): VNode {
  if (devices.length > 0)
    return h(
      'div',
      {},
      h(
        'p',
        {},
        devices.length === 1 ? 'A serial device is there:' : `${devices.length} serial devices are there:`,
      ),
      h(
        'ul',
        { class: 'devices' },
        devices.map((device) => h('li', { key: device }, h('code', {}, device))),
      ),
    );
  if (canSee) return h('p', {}, 'No serial device is plugged in yet. Once one is, its name appears here.');
  return h(
    'p',
    {},
    'From its container the agent cannot see your devices: ',
    h('code', {}, 'ls /dev/serial/by-id/'),
    ' on the host shows them.',
  );
}

function code({ state, actions }: Scene, text: string): VNode {
  return h(
    'div',
    { class: 'code' },
    h('pre', { tabindex: 0 }, h('code', {}, text)),
    button(state.copied === text ? 'Copied' : 'Copy', () => actions.copy(text), 'plain'),
  );
}
