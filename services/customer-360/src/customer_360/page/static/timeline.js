// The timeline: what every service told of the customer, newest first, page by page.

import { card, h, keyed, remember } from "./document.js";
import { read } from "./talking.js";
import { at, dotted, who } from "./words.js";

const FEED_SIZE = 30;
const feed = { id: null, items: [], next: null };

export function startTimeline(id) {
  Object.assign(feed, { id, items: [], next: null });
}
export async function readTimeline() {
  const { id } = feed;
  const page = await read(`/v1/customers/${id}/timeline?limit=${FEED_SIZE}`);
  if (feed.id === id) add(page);
}
function add(page) {
  const known = new Set(feed.items.map((item) => item.event_id));
  const fresh = page.items.filter((item) => !known.has(item.event_id));
  if (!feed.items.length) feed.next = page.next;
  feed.items = [...fresh, ...feed.items].sort((a, b) =>
    (a.at < b.at ? 1 : a.at > b.at ? -1 : a.event_id < b.event_id ? 1 : -1));
}
async function older(button) {
  const { id } = feed;
  button.disabled = true;
  const page = await read(`/v1/customers/${id}/timeline?limit=${FEED_SIZE}&cursor=${encodeURIComponent(feed.next)}`);
  if (feed.id !== id) return;
  feed.next = page.next;
  add({ items: page.items });
  document.getElementById("timeline").replaceWith(timelineCard());
  remember();
}

export function timelineCard() {
  const more = feed.next
    ? h("button", { type: "button", class: "quiet more", onclick: (event) => older(event.currentTarget) }, "Show older") : null;
  return card("timeline", "Timeline", null,
    feed.items.length ? h("ol", { class: "timeline" }, feed.items.map((item) => h("li", { class: item.service },
      h("div", {}, keyed(`item:${item.event_id}`, "div", {}, item.title),
        h("div", { class: "soft small" }, dotted(at(item.at), item.service, who(item.actor)))))))
      : h("p", { class: "empty" }, "Nothing happened yet."), more);
}
