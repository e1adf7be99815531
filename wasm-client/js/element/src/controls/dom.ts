/** An element with attributes and children; an attribute that is `undefined` is left out. */
export const make = <Tag extends keyof HTMLElementTagNameMap> (
  tag: Tag, attributes: Record<string, string | undefined> = {}, ...children: Array<Node | string>
): HTMLElementTagNameMap[Tag] => {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(name, value)
  element.append(...children)
  return element
}
