/** A child: text is text, never markup; nothing is left out. */
export type Child = Node | string | number | null | undefined | false | readonly Child[];

type Listeners = { [K in keyof HTMLElementEventMap as `on${K}`]?: (event: HTMLElementEventMap[K]) => void };

/** Attributes by name, `class` and `aria-…` among them; `on…` listens. `true` is an empty attribute, `false` none. */
export type Attributes = Listeners & { [name: string]: unknown };

/** `element('td', { class: 'own' }, '95.5')`. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes?: Attributes,
  ...children: Child[]
): HTMLElementTagNameMap[K];
export function element(tag: string, attributes?: Attributes, ...children: Child[]): HTMLElement;
export function element(tag: string, attributes: Attributes = {}, ...children: Child[]): HTMLElement {
  return filled(document.createElement(tag), attributes, children);
}

/** As `element`, of a drawing: `svg('circle', { cx: 4 })`. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function filled<E extends Element>(target: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') target.addEventListener(name.slice(2), value as EventListener);
    else if (value === true) target.setAttribute(name, '');
    else if (value !== undefined && value !== false) target.setAttribute(name, String(value));
  }
  target.append(...nodesOf(children));
  return target;
}

function nodesOf(children: readonly Child[]): (Node | string)[] {
  return children.flatMap(child => {
    if (child === null || child === undefined || child === false) return [];
    if (typeof child === 'number') return [String(child)];
    return isList(child) ? nodesOf(child) : [child];
  });
}

function isList(child: Child): child is readonly Child[] {
  return Array.isArray(child);
}

/** Puts these in the place of what was there. */
export function replaceContent(target: Element, ...children: Child[]): void {
  target.replaceChildren(...nodesOf(children));
}

/** Says it, where it says something else: screen readers read again what is put in the place of the same. */
export function setText(target: Element, text: string | undefined): void {
  if (target.textContent !== (text ?? '')) target.textContent = text ?? '';
}

let last = 0;
/** An `id` that nothing else in the page has, for `aria-labelledby` and the like. */
export function freshId(prefix: string): string {
  return `${prefix}-${++last}`;
}
