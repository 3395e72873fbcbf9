import type { Props, VNode } from './vnode.ts';

const SVG = 'http://www.w3.org/2000/svg';
/** What each element was last made to be. */
const drawn = new WeakMap<Element, VNode>();

/** Makes the children of an element agree with the given ones. What stays the same is not touched: focus, selection and scroll positions survive. */
export function patch(parent: Element, children: readonly (VNode | string)[]): void {
  const old = [...parent.childNodes];
  const texts = old.filter((node) => node instanceof Text);
  const elements = new Map(
    old.flatMap((node) => (node instanceof Element ? [[drawn.get(node)?.key, node] as const] : [])),
  );
  const nodes = children.map((child): Node => {
    const candidate = typeof child === 'string' ? texts.shift() : elements.get(child.key);
    return candidate && fits(candidate, child) ? candidate : create(parent, child);
  });
  const kept = new Set(nodes);
  for (const node of old) {
    if (kept.has(node)) continue;
    // Only a dialog that is closed gives the focus back.
    if (node instanceof HTMLDialogElement) node.close();
    node.remove();
  }
  // Whoever stays is not moved: that would cost him the focus.
  let place = parent.firstChild;
  for (const [index, child] of children.entries()) {
    const node = nodes[index];
    if (node === undefined) continue;
    if (node === place) place = node.nextSibling;
    else parent.insertBefore(node, place);
    update(node, child);
  }
}

function fits(node: Node, child: VNode | string): boolean {
  return typeof child === 'string' || (node instanceof Element && drawn.get(node)?.tag === child.tag);
}

function create(parent: Element, child: VNode | string): Node {
  if (typeof child === 'string') return document.createTextNode(child);
  const isSvg = child.tag === 'svg' || parent.namespaceURI === SVG;
  return isSvg ? document.createElementNS(SVG, child.tag) : document.createElement(child.tag);
}

function update(node: Node, child: VNode | string): void {
  if (typeof child === 'string') {
    if (node.textContent !== child) node.textContent = child;
    return;
  }
  if (!(node instanceof Element)) return;
  const before = drawn.get(node);
  drawn.set(node, child);
  setProps(node, before?.props ?? {}, child.props);
  if (!child.props.opaque) patch(node, child.children);
  if (before === undefined && node instanceof HTMLElement) child.props.mount?.(node);
}

function setProps(element: Element, before: Props, props: Props): void {
  for (const name of new Set([...Object.keys(before), ...Object.keys(props)])) {
    const [was, is] = [before[name], props[name]];
    if (was === is || ['key', 'mount', 'opaque'].includes(name)) continue;
    if (name === 'style') setStyle(element, props.style ?? {});
    else if (name.startsWith('on')) Reflect.set(element, name, is ?? null);
    else if (is === undefined || is === false) element.removeAttribute(name);
    else element.setAttribute(name, is === true ? '' : String(is));
    // A radio button that was clicked listens to its property, no longer to its attribute.
    if (name === 'checked' && element instanceof HTMLInputElement) element.checked = is === true;
  }
}

function setStyle(element: Element, style: Record<string, string>): void {
  if (!(element instanceof HTMLElement || element instanceof SVGElement)) return;
  for (const [name, value] of Object.entries(style)) element.style.setProperty(name, value);
}
