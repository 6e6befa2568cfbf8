// The brief of a handover: what the new owner must know of each customer on the first day.

import { clockRow, deal, handoverState, interaction, promise, ticket, tick } from "./dealing.js";
import { alertList } from "./header.js";
import { $, chip, h, rows } from "./document.js";
import { read } from "./talking.js";
import { at, dotted, plural, short, who, words } from "./words.js";

const PAGE = 50;
const brief = { id: null, items: [], handover: null, next: null };

export async function openBrief(id) {
  Object.assign(brief, { id, items: [], handover: null, next: null });
  $("view").replaceChildren(h("p", { class: "card" }, "Reading the brief…"));
  try {
    await more();
  } catch (error) {
    if (brief.id !== id) return;
    $("view").replaceChildren(h("p", { class: "card" }, error.status === 404 ? "Nobody knows this handover (yet)." : error.message));
  }
}
export const closeBrief = () => { brief.id = null; };

async function more() {
  const { id } = brief;
  const cursor = brief.next ? `&cursor=${encodeURIComponent(brief.next)}` : "";
  const page = await read(`/v1/handovers/${id}/brief?limit=${PAGE}${cursor}`);
  if (brief.id !== id) return;
  Object.assign(brief, { handover: page.handover, items: [...brief.items, ...page.items], next: page.next });
  draw();
}
async function rest(button) {
  button.disabled = true;
  const { id } = brief;
  while (brief.id === id && brief.next) await more();
}

function draw() {
  const { handover, items } = brief;
  document.title = `Handover from ${handover.from_owner_id} to ${handover.to_owner_id} · Rapport 360`;
  $("view").replaceChildren(head(handover, items.length), ...items.map(customer));
  if (!items.length) $("view").append(h("p", { class: "card empty" }, "It concerns no customer."));
  if (brief.next) {
    $("view").append(h("button", { type: "button", class: "quiet more", onclick: (event) => rest(event.currentTarget) }, "Show all customers"));
  }
  tick();
}
function head(one, count) {
  const [text, tone] = handoverState(one);
  const moved = one.moved.map((part) => `${part.count} ${words(part.kind)} (${part.service})`).join(", ");
  const fact = (label, value) => (value ? h("span", {}, `${label} `, h("b", {}, value)) : null);
  return h("section", { class: "card", id: "brief" },
    h("div", { class: "headline" },
      h("h1", {}, `From ${one.from_owner_id} to ${one.to_owner_id}`), chip(text, tone),
      h("button", { type: "button", class: "quiet print", onclick: () => print() }, "Print")),
    h("div", { class: "facts" },
      fact("Reason", words(one.reason_code)), fact("Started", one.started_at && at(one.started_at)),
      fact("Due", one.status === "waiting-acks" && at(one.due_at)), fact("Moved", moved),
      fact("Read", at(new Date())), fact("No word from", one.unresolved.join(", ")),
      fact("Here", `${plural(count, "customer")}${brief.next ? " and more" : ""}`)));
}
function customer(one) {
  const names = new Map(one.people.map((person) => [person.contact_id, person.name ?? "Unnamed"]));
  const part = (title, items, render) => (items.length ? h("div", { class: "part" }, h("h3", {}, title), rows(items, render)) : null);
  const isQuiet = [one.commitments, one.deals, one.tickets, one.promises, one.people, one.last_interactions, one.last_events].every((part) => !part.length);
  const name = one.display_name ?? short(one.customer_id);
  return h("section", { class: "card brief", "aria-label": name },
    h("div", { class: "headline" },
      h("h2", {}, h("a", { href: `#customer=${one.customer_id}` }, name)),
      one.lifecycle ? chip(one.lifecycle, one.lifecycle === "customer" ? "good" : "") : null,
      h("span", { class: "soft small" }, one.owner_id ? `owner ${one.owner_id}` : "nobody's")),
    alertList(one.alerts),
    isQuiet ? h("p", { class: "empty small" }, "Nothing is open, and nothing has happened yet.") : h("div", { class: "parts" },
      part("Promises that are owed", one.commitments, (each) => promise(each, names)),
      part("Open deals", one.deals, deal),
      part("Open tickets", one.tickets, (each) => ticket(each, [])),
      part("Clocks that run", one.promises, (each) => h("li", {}, clockRow(each))),
      part("People", one.people, (person) => h("li", {}, h("div", { class: "row small" },
        h("span", {}, person.name ?? "Unnamed", " ", person.is_primary ? chip("primary", "good") : null),
        h("span", { class: "soft" }, dotted(person.role && words(person.role), person.job_title))))),
      part("Last in touch", one.last_interactions, interaction),
      part("What happened last", one.last_events, (event) => h("li", {}, h("div", { class: "small" }, event.title),
        h("div", { class: "soft tiny" }, dotted(at(event.at), event.service, who(event.actor)))))));
}
