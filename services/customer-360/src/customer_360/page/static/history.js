// Who changed what, from what to what: of the customer, of the records that were merged into it, and
// of its people. contacts keeps it and is asked only when somebody wants to see it.

import { card, chip, h, remember } from "./document.js";
import { read } from "./talking.js";
import { at, capital, dotted, plural, short, who, words } from "./words.js";

const PAGE = 20;
const MOST_PEOPLE = 20;
const NOTHING_READ = { view: null, sources: [], isOpen: false, said: "", busy: false, again: false };
const past = { id: null, ...NOTHING_READ };

export function startHistory(id) {
  Object.assign(past, { id, ...NOTHING_READ });
}

// ---- reading: each record has a history of its own, here they are one --------------------------

function sourcesOf(view) {
  const records = [view.customer_id, ...view.aliases].map((id) => ({
    path: `/v1/customers/${id}/history`, name: id === view.customer_id ? view.header?.display_name ?? "Customer" : `Record ${short(id)}` }));
  const people = view.people.slice(0, MOST_PEOPLE).map((one) => ({
    path: `/v1/contacts/${one.contact_id}/history`, name: one.name ?? "Unnamed" }));
  return [...records, ...people].map((source) => ({ ...source, items: [], next: undefined }));
}
async function readMore(source) {
  if (source.next === null) return;
  const cursor = source.next ? `&cursor=${encodeURIComponent(source.next)}` : "";
  try {
    const page = await read(`${source.path}?limit=${PAGE}${cursor}`);
    source.items.push(...page.items);
    source.next = page.next;
  } catch (error) {
    if (error.code === "contacts-unknown" || error.status !== 404) throw error;
    source.next = null;
  }
}
// Nothing older than the end of what was read of any record is shown: there may be something between.
function known() {
  const ends = past.sources.filter((source) => source.next).map((source) => source.items.at(-1)?.changed_at ?? "");
  const end = ends.sort().at(-1) ?? "";
  return past.sources.flatMap((source) => source.items.map((item) => ({ ...item, name: source.name })))
    .filter((item) => item.changed_at >= end)
    .sort((a, b) => (a.changed_at < b.changed_at ? 1 : a.changed_at > b.changed_at ? -1 : b.change_id - a.change_id));
}
async function load(sources) {
  const { id } = past;
  try {
    await Promise.all(sources.map(readMore));
    if (past.id !== id) return false;
    past.said = "";
  } catch (error) {
    past.said = error.message;
  }
  return past.id === id;
}
async function open() {
  past.isOpen = true;
  await renew();
}
// One reading at a time; what arrives meanwhile asks for exactly one more.
async function renew() {
  if (past.busy) { past.again = true; return; }
  const { id } = past;
  past.busy = true;
  do {
    past.again = false;
    const sources = sourcesOf(past.view);
    if (!await load(sources)) return;
    past.sources = sources;
    draw();
  } while (past.again && past.id === id);
  past.busy = false;
}
async function older(button) {
  button.disabled = true;
  const last = known().at(-1)?.changed_at ?? "";
  const behind = past.sources.filter((source) => source.next && (source.items.at(-1)?.changed_at ?? "") >= last);
  if (await load(behind)) draw();
}
function draw() {
  document.getElementById("history")?.replaceWith(historyCard(past.view));
  remember();
}

// ---- drawing -----------------------------------------------------------------------------------

export function historyCard(view) {
  const isNew = past.view !== null && past.view.profile_version !== view.profile_version;
  past.view = view;
  if (isNew && past.isOpen) renew();
  return card("history", "Who changed what", past.isOpen ? null : "kept by contacts", past.isOpen ? opened(view) : [
    h("p", { class: "soft small" }, "Each change of the customer and its people: from what, to what, by whom."),
    h("button", { type: "button", class: "quiet more", onclick: (event) => { event.currentTarget.disabled = true; open(); } }, "Show changes")]);
}
function opened(view) {
  const changes = known();
  const hidden = view.people.length - MOST_PEOPLE;
  return [
    past.said ? h("p", { class: "no small" }, past.said) : null,
    changes.length ? h("ol", { class: "rows" }, changes.map(change)) : past.said ? null : h("p", { class: "empty" }, "Nothing was changed yet."),
    hidden > 0 ? h("p", { class: "soft small" }, `The changes of ${plural(hidden, "other person", "other people")} are at contacts.`) : null,
    past.sources.some((source) => source.next)
      ? h("button", { type: "button", class: "quiet more", onclick: (event) => older(event.currentTarget) }, "Show older changes") : null];
}
const BEHALF = { import: "by an import", reaction: "by a reaction", policy: "by a policy" };
function change(one) {
  const [part, channel, purpose] = one.part.split(":");
  const fields = Object.entries(one.fields);
  return h("li", {},
    h("div", { class: "row small" },
      h("span", { class: "strong" }, one.name, part === "consent" ? ` · consent, ${channel} ${words(purpose)}` : ""),
      BEHALF[one.on_behalf_of] ? chip(BEHALF[one.on_behalf_of]) : null),
    fields.length ? h("dl", { class: "changes" }, fields.map(([name, { before, after }]) => [
      h("dt", {}, capital(name.replaceAll("_", " "))), h("dd", {}, difference(before, after))])) : h("div", { class: "small" }, "Became known"),
    h("div", { class: "soft small" }, dotted(at(one.changed_at), who(one.actor))));
}
function difference(before, after) {
  if (!Array.isArray(before) && !Array.isArray(after)) return [gone(before), " → ", come(after)];
  const texts = (list) => (list ?? []).map(told);
  const was = texts(before), is = texts(after);
  const left = was.filter((text) => !is.includes(text)), entered = is.filter((text) => !was.includes(text));
  if (!left.length && !entered.length) return "in another order";
  return [left.map((text) => h("div", {}, gone(text), " →")), entered.map((text) => h("div", {}, left.length ? "" : "→ ", come(text)))];
}
const NOTHING = "nothing";
const gone = (value) => (told(value) === NOTHING ? h("span", { class: "soft" }, NOTHING) : h("del", {}, told(value)));
const come = (value) => (told(value) === NOTHING ? h("span", { class: "soft" }, NOTHING) : h("ins", {}, told(value)));
const TIME = /^\d{4}-\d{2}-\d{2}T/;
function told(value) {
  if (value === null || value === undefined || value === "") return NOTHING;
  if (value === true || value === false) return value ? "yes" : "no";
  if (typeof value === "string") return TIME.test(value) ? at(value) : value;
  if (Array.isArray(value)) return value.map(told).join(", ") || NOTHING;
  if (typeof value !== "object") return `${value}`;
  const shown = Object.entries(value).filter(([name, inner]) =>
    inner !== null && inner !== false && name !== "normalized" && !name.endsWith("_id") && !(Array.isArray(inner) && !inner.length));
  return shown.map(([name, inner]) => (name === "value" ? told(inner) : `${name.replaceAll("_", " ")} ${told(inner)}`)).join(", ");
}
