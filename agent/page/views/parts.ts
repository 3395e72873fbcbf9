import { type Child, h, type VNode } from '../dom/vnode.ts';
import type { Tone } from '../model/house.ts';

/** A part of the page with its heading. */
export function section(id: string, title: string, aside: Child, ...content: Child[]): VNode {
  return h(
    'section',
    { class: `card ${id}`, 'aria-labelledby': `${id}-title` },
    h('div', { class: 'card-head' }, h('h2', { id: `${id}-title` }, title), aside),
    ...content,
  );
}

/** A word with a dot in the colour of its tone; the dot says nothing that the word does not. */
export function badge(tone: Tone, text: string): VNode {
  return h('span', { class: `badge ${tone}` }, h('span', { class: 'dot', 'aria-hidden': 'true' }), text);
}

export function button(text: string, onclick: () => void, kind = '', label?: string): VNode {
  return h('button', { type: 'button', class: `button ${kind}`, 'aria-label': label, onclick }, text);
}

/** A number and its unit, which wraps with it. */
export function amount(value: string, unit: string, kind = ''): VNode {
  return h(
    'span',
    { class: `amount ${kind}` },
    h('span', { class: 'value' }, value),
    ' ',
    h('span', { class: 'unit' }, unit),
  );
}

/** One of several, by radio buttons: the arrow keys move between them. */
export function choice<T extends string>(
  name: string,
  label: string,
  options: readonly { id: T; label: string }[],
  chosen: T,
  choose: (id: T) => void,
): VNode {
  return h(
    'fieldset',
    { class: 'choice' },
    h('legend', { class: 'hidden' }, label),
    options.map((option) =>
      h(
        'label',
        { key: option.id },
        h('input', {
          type: 'radio',
          name,
          value: option.id,
          checked: option.id === chosen,
          onchange: () => choose(option.id),
        }),
        h('span', {}, option.label),
      ),
    ),
  );
}

export interface Column<T> {
  heading: string;
  cell: (item: T) => Child;
  isNumber?: boolean;
}

/** On a narrow screen each row becomes a block, and each cell says what it is. */
export function table<T>(caption: string, columns: readonly Column<T>[], items: readonly T[]): VNode {
  return h(
    'table',
    { role: 'table' },
    h('caption', { class: 'hidden' }, caption),
    h(
      'thead',
      { role: 'rowgroup' },
      h(
        'tr',
        { role: 'row' },
        columns.map(({ heading, isNumber }) =>
          h('th', { scope: 'col', role: 'columnheader', class: isNumber ? 'number' : undefined }, heading),
        ),
      ),
    ),
    h(
      'tbody',
      { role: 'rowgroup' },
      items.map((item) =>
        h(
          'tr',
          { role: 'row' },
          columns.map(({ heading, cell, isNumber }) =>
            h(
              'td',
              { role: 'cell', 'data-heading': heading, class: isNumber ? 'number' : undefined },
              cell(item),
            ),
          ),
        ),
      ),
    ),
  );
}

/** The house’s mark: a meter’s dial with ears, watching. */
export function mark(): VNode {
  return h(
    'svg',
    { viewBox: '0 0 32 32', width: 28, height: 28, 'aria-hidden': 'true', class: 'mark' },
    h('path', {
      class: 'mark-head',
      d: 'M6 4.5 11 8a12 12 0 0 1 10 0l5-3.5c1 0 1.5.7 1.5 1.6V17a11.5 11.5 0 0 1-23 0V6.1c0-.9.5-1.6 1.5-1.6Z',
    }),
    h('path', { class: 'mark-bolt', d: 'M17.6 10.5 11.2 18h4l-.9 6 6.5-8h-4.1l.9-5.5Z' }),
  );
}
