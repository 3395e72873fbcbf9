/** What is to be seen, as plain data: `patch` makes the document agree with it. */

export interface Props {
  /** Tells siblings apart when their order changes. */
  key?: string;
  /** Custom properties for the style sheet, such as `--share`: a policy forbids style attributes. */
  style?: Record<string, string>;
  /** Called once, when the element has been put into the document. */
  mount?: (element: HTMLElement) => void;
  /** What is inside belongs to somebody else. */
  opaque?: boolean;
  onclick?: (event: Event) => void;
  onchange?: (event: Event) => void;
  onsubmit?: (event: SubmitEvent) => void;
  oncancel?: (event: Event) => void;
  onclose?: (event: Event) => void;
  [attribute: string]: unknown;
}

export interface VNode {
  tag: string;
  /** Which of its siblings it is, from one time to the next. */
  key: string;
  props: Props;
  children: (VNode | string)[];
}

/** What is not there is left out. */
export type Child = VNode | string | number | null | undefined | false | Child[];

/** Whoever has no key goes by his place in the call, which others that come and go do not change. */
export function h(tag: string, props: Props = {}, ...children: Child[]): VNode {
  return { tag, key: props.key ?? '', props, children: flat(children, '') };
}

function flat(children: Child[], place: string): (VNode | string)[] {
  return children.flatMap((child, index): (VNode | string)[] => {
    if (child === null || child === undefined || child === false) return [];
    if (Array.isArray(child)) return flat(child, `${place}/${index}`);
    if (typeof child !== 'object') return [String(child)];
    return [child.key === '' ? { ...child, key: `${place}/${index}` } : child];
  });
}
