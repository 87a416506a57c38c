/**
 * Elements from values. Texts become text and nothing else: what devices and documents say is never markup. No address is
 * made of them either, but for names that were encoded.
 */

export type Child = Node | string | number | false | null | undefined;

type Handler = (event: never) => void;
export type Properties = Readonly<Record<string, string | number | boolean | undefined | Handler>>;

/** `on…` sets a handler; true sets an attribute without a value; false and undefined leave it out. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Properties = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (typeof value === 'function') (element as unknown as Record<string, unknown>)[name] = value;
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter(isShown).map((child) => (typeof child === 'number' ? String(child) : child)));
  return element;
}

function isShown(child: Child): child is Node | string | number {
  return child !== false && child !== null && child !== undefined;
}

const HANDLERS = ['onclick', 'oninput', 'onchange', 'onsubmit', 'onkeydown'] as const;

/**
 * Makes the children of `current` those of `wanted`, and changes no more than has to be changed: focus, selection and
 * scroll position stay where they are. Elements with the same `data-key` are the same element.
 */
export function morphChildren(current: Element, wanted: Element): void {
  const keyed = dropUnwanted(current, wanted);
  let place = current.firstChild;
  for (const child of [...wanted.childNodes]) {
    const key = keyOf(child);
    const known = key === undefined ? place : keyed.get(key);
    if (!known || !isSameKind(known, child)) {
      current.insertBefore(child, place);
      continue;
    }
    if (known === place) place = place.nextSibling;
    else current.insertBefore(known, place);
    morphNode(known, child);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

/** @returns what stays, by key */
function dropUnwanted(current: Element, wanted: Element): ReadonlyMap<string, ChildNode> {
  const wantedKeys = new Set([...wanted.childNodes].map(keyOf));
  const keyed = new Map<string, ChildNode>();
  for (const child of [...current.childNodes]) {
    const key = keyOf(child);
    if (key === undefined) continue;
    if (wantedKeys.has(key)) keyed.set(key, child);
    else child.remove();
  }
  return keyed;
}

function morphNode(current: ChildNode, wanted: ChildNode): void {
  if (!(current instanceof Element && wanted instanceof Element)) {
    if (current.nodeValue !== wanted.nodeValue) current.nodeValue = wanted.nodeValue;
    return;
  }
  for (const { name } of [...current.attributes]) {
    // Opened by the person who reads it.
    if (!wanted.hasAttribute(name) && name !== 'open') current.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (current.getAttribute(name) !== value) current.setAttribute(name, value);
  }
  if (current instanceof HTMLElement && wanted instanceof HTMLElement) {
    for (const name of HANDLERS) if (current[name] !== wanted[name]) current[name] = wanted[name] as null;
  }
  morphChildren(current, wanted);
}

function isSameKind(a: ChildNode, b: ChildNode): boolean {
  return a.nodeName === b.nodeName && keyOf(a) === keyOf(b);
}

function keyOf(node: Node): string | undefined {
  return node instanceof Element ? (node.getAttribute('data-key') ?? undefined) : undefined;
}
