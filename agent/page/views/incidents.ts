import type { Incident } from '../../guard/incident.ts';
import { describeIncident } from '../../notify/message.ts';
import { count, duration } from '../../notify/words.ts';
import { h, type VNode } from '../dom/vnode.ts';
import { isOpen, type Tone } from '../model/house.ts';
import type { Scene } from '../scene.ts';
import { button, section } from './parts.ts';

const FEW = 5;

/** What fell silent, what was done, what was lost; the newest first, in the words of the messages. */
export function incidents(scene: Scene): VNode {
  const { state, actions } = scene;
  const shown = state.showsAllIncidents ? state.incidents : state.incidents.slice(0, FEW);
  return section(
    'incidents',
    'Incidents',
    undefined,
    shown.length === 0 && h('p', { class: 'note' }, 'None: nothing has stalled.'),
    h(
      'ol',
      { class: 'timeline' },
      shown.map((incident) =>
        h('li', { key: String(incident.id), class: toneOf(incident) }, one(scene, incident)),
      ),
    ),
    state.incidents.length > FEW &&
      button(
        state.showsAllIncidents ? 'Show the newest only' : `Show all ${state.incidents.length}`,
        actions.toggleIncidents,
        'plain',
      ),
  );
}

function toneOf(incident: Incident): Tone {
  if (incident.help !== undefined && isOpen(incident)) return 'bad';
  if (isOpen(incident)) return 'notice';
  return incident.withdrawn === undefined ? 'good' : 'calm';
}

function one({ state, formats }: Scene, incident: Incident): VNode[] {
  const { loss, ...rest } = incident;
  const calendar = { clock: formats.second, day: formats.day };
  // When it began stands beside it, and what was lost below, as numbers.
  const [, ...lines] = describeIncident(rest, calendar).lines.slice(incident.drill ? 1 : 0);
  return [
    h(
      'p',
      { class: 'when' },
      h(
        'time',
        { datetime: new Date(incident.began).toISOString() },
        formats.moment(incident.began, state.now),
      ),
    ),
    h('h3', {}, describeIncident(incident, calendar).title),
    h('p', { class: 'story' }, lines.join(' ')),
    ...(loss === undefined
      ? []
      : [
          h(
            'ul',
            { class: 'losses', 'aria-label': 'What was lost' },
            h('li', { class: 'quiet' }, 'Lost:'),
            h('li', {}, count(loss.readings, 'reading')),
            h('li', {}, duration(loss.seconds * 1000)),
            h('li', {}, loss.energy === 0 ? 'no energy' : `${loss.energy.toFixed(4)} kWh`),
          ),
        ]),
  ];
}
