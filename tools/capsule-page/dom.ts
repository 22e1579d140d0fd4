type Attributes = Readonly<Record<string, string>>;
type Child = Node | string;

/** An element with text in it: what a record says is never read as HTML. */
export function element(
  name: string,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElement {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** The page has it. */
export function byId<Element extends HTMLElement = HTMLElement>(id: string): Element {
  return document.getElementById(id) as Element;
}

export function show(part: HTMLElement, isShown: boolean): void {
  part.hidden = !isShown;
}
