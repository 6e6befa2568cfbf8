// Building the document. What comes from the API reaches it as text nodes, never as markup.

export const $ = (id) => document.getElementById(id);

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const chip = (text, tone = "") => h("span", { class: `chip ${tone}` }, text);
export const card = (id, title, note, ...children) =>
  h("section", { class: "card", id, "aria-labelledby": `${id}-title` },
    h("h2", { id: `${id}-title` }, h("span", {}, title), note ? h("span", { class: "note" }, note) : null), ...children);
export const rows = (items, render, nothing) =>
  items.length ? h("ul", { class: "rows" }, items.map(render)) : nothing ? h("p", { class: "empty" }, nothing) : null;
export const row = (size, left, right) =>
  h("div", { class: `row ${size}` }, h("span", {}, left), right ? h("span", { class: "soft" }, right) : null);
export const heads = (titles) => h("thead", {}, h("tr", {}, titles.map((title) => h("th", { scope: "col" }, title))));

// ---- what may change ---------------------------------------------------------------------------

// `k` names what may change: where its text differs from the one shown before, it lights up.
export const keyed = (k, tag, attributes, ...children) => h(tag, { ...attributes, "data-k": k }, ...children);

let texts = new Map();
let opened = new Map();

export function forget() {
  texts = new Map();
  opened = new Map();
}
export function remember() {
  texts = new Map([...document.querySelectorAll("[data-k]")].map((element) => [element.dataset.k, element.textContent]));
}
export function highlight() {
  if (texts.size) {
    for (const element of document.querySelectorAll("[data-k]")) {
      if (texts.get(element.dataset.k) !== element.textContent) element.classList.add("changed");
    }
  }
  remember();
}

// Something folded away stays as the reader left it when the view is drawn anew.
export const folded = (k, summary, isOpen, ...children) =>
  h("details", { open: opened.get(k) ?? isOpen, ontoggle: (event) => opened.set(k, event.target.open) },
    h("summary", {}, summary), ...children);
