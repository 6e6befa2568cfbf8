// The page of one customer: search, view and the stream that keeps it current; or a handover's brief.

import { closeBrief, openBrief } from "./brief.js";
import { campaignsCard, commitmentsCard, dealsCard, handoversCard, interactionsCard, leadsCard, serviceCard, tick } from "./dealing.js";
import { $, forget, h, highlight } from "./document.js";
import { alertList, headerCard, identityCard, mergesCard } from "./header.js";
import { historyCard, startHistory } from "./history.js";
import { householdsCard, peopleCard, preferencesCard, privacyCard } from "./people.js";
import { call, drop, keep, onUnknown, read, token } from "./talking.js";
import { readTimeline, startTimeline, timelineCard } from "./timeline.js";
import { words } from "./words.js";
import { creditCard, gradeCard, groupCard, ordersCard, partnersCard } from "./worth.js";

// ---- the token ---------------------------------------------------------------------------------

function leave(reason = "") {
  close();
  drop();
  $("refused").textContent = reason;
  arrange();
  $("token").focus();
}
function arrange() {
  const inside = Boolean(token());
  $("door").hidden = inside;
  $("search").hidden = $("leave").hidden = !inside;
  const isShown = Boolean(shown.id) || shown.isBrief;
  $("start").hidden = !inside || isShown;
  $("view").hidden = !inside || !isShown;
}

// ---- the search --------------------------------------------------------------------------------

const found = { hits: [], active: -1, timer: 0, asked: null };

function search() {
  clearTimeout(found.timer);
  found.timer = setTimeout(ask, 180);
}
async function ask() {
  const text = $("query").value.trim();
  found.asked?.abort();
  if (text.length < 2) return fold();
  found.asked = new AbortController();
  try {
    const page = await read(`/v1/customers?limit=12&q=${encodeURIComponent(text)}`, { signal: found.asked.signal });
    found.hits = page.items;
    found.active = page.items.length ? 0 : -1;
    unfold();
  } catch (error) {
    if (error.name !== "AbortError") tell("off", error.message);
  }
}
function unfold() {
  const nothing = h("li", { class: "nothing", role: "presentation" }, "Nobody found");
  $("hits").replaceChildren(...(found.hits.length ? found.hits.map(option) : [nothing]));
  $("hits").hidden = false;
  $("query").setAttribute("aria-expanded", "true");
  mark();
}
function option(hit, index) {
  const by = hit.matched === "name" ? null : `${words(hit.matched)}: ${hit.matched_text ?? ""}`;
  const item = h("li", { role: "option", id: `hit-${index}` },
    h("span", { class: "name" }, hit.display_name ?? hit.customer_id),
    h("span", { class: "soft small" }, [hit.kind, hit.lifecycle, by].filter(Boolean).join(" · ")));
  item.addEventListener("pointerdown", (event) => { event.preventDefault(); choose(index); });
  return item;
}
function mark() {
  [...$("hits").children].forEach((item, index) => {
    if (item.role === "option") item.setAttribute("aria-selected", String(index === found.active));
    if (index === found.active) item.scrollIntoView({ block: "nearest" });
  });
  if (found.active >= 0) $("query").setAttribute("aria-activedescendant", `hit-${found.active}`);
  else $("query").removeAttribute("aria-activedescendant");
}
function fold() {
  $("hits").hidden = true;
  $("query").setAttribute("aria-expanded", "false");
}
function choose(index) {
  const hit = found.hits[index];
  if (!hit) return;
  fold();
  $("query").value = hit.display_name ?? "";
  location.hash = `customer=${hit.customer_id}`;
}
function steer(event) {
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key in steps && found.hits.length) {
    found.active = (found.active + steps[event.key] + found.hits.length) % found.hits.length;
    if ($("hits").hidden) unfold(); else mark();
    event.preventDefault();
  } else if (event.key === "Enter") {
    event.preventDefault();
    if (!$("hits").hidden) choose(found.active); else ask();
  } else if (event.key === "Escape") fold();
}

// ---- the customer ------------------------------------------------------------------------------

const NOTHING = { id: null, cameFrom: null, isBrief: false, stop: null, busy: false, again: false };
const shown = { ...NOTHING };

function close() {
  shown.stop?.abort();
  Object.assign(shown, NOTHING);
  closeBrief();
  startTimeline(null);
  startHistory(null);
  forget();
  $("view").replaceChildren();
  document.title = "Rapport · Customer 360";
  tell("", "");
}
async function open(id) {
  close();
  shown.id = id;
  shown.stop = new AbortController();
  startTimeline(id);
  startHistory(id);
  arrange();
  await refresh();
  if (shown.id === id) {
    $("view").focus({ preventScroll: true });
    follow(id, shown.stop.signal);
  }
}
function openOther(id) {
  close();
  shown.isBrief = true;
  arrange();
  openBrief(id);
}
// One refresh at a time; what arrives meanwhile asks for exactly one more.
async function refresh() {
  if (shown.busy) { shown.again = true; return; }
  shown.busy = true;
  const id = shown.id;
  try {
    do {
      shown.again = false;
      const [view] = await Promise.all([read(`/v1/customers/${id}`), readTimeline()]);
      if (shown.id !== id) return;
      if (view.customer_id !== id) { moveTo(view.customer_id, id); return; }
      show(view);
    } while (shown.again);
  } catch (error) {
    if (shown.id !== id) return;
    if (error.status === 404 || error.status === 422) {
      $("view").replaceChildren(h("p", { class: "card" }, "Nobody knows this customer (yet)."));
    } else tell("off", error.message);
  } finally {
    if (shown.id === id) shown.busy = false;
  }
}
// The service answers for a merged record with the customer that it is now.
function moveTo(id, from) {
  history.replaceState(null, "", `#customer=${id}`);
  open(id);
  shown.cameFrom = from;
}
function show(view) {
  document.title = `${view.header?.display_name ?? "Customer"} · Rapport 360`;
  const column = (...cards) => h("div", { class: "column" }, cards.map((draw) => draw(view)));
  $("view").replaceChildren(
    alertList(view.alerts), headerCard(view, shown.cameFrom),
    h("div", { class: "columns" },
      column(peopleCard, householdsCard, identityCard, mergesCard, privacyCard, preferencesCard, leadsCard),
      column(dealsCard, commitmentsCard, serviceCard, ordersCard, gradeCard, creditCard, groupCard, partnersCard),
      column(handoversCard, interactionsCard, campaignsCard, historyCard, timelineCard)));
  highlight();
  tick();
}

// ---- the stream: fetch, because EventSource cannot carry a bearer token ------------------------

function tell(state, text) {
  $("live").className = `live ${state}`;
  $("live").textContent = text;
}
async function follow(id, signal) {
  for (let pause = 500; shown.id === id; pause = Math.min(pause * 2, 10000)) {
    try {
      const response = await call(`/v1/customers/${id}/stream`, { signal });
      tell("on", "Live");
      pause = 500;
      await listen(response.body, signal);
    } catch (error) {
      if (signal.aborted || error.status === 401) return;
    }
    if (signal.aborted) return;
    tell("off", "Reconnecting…");
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
async function listen(body, signal) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done || signal.aborted) return;
    text += value.replaceAll("\r\n", "\n");
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const message = text.slice(0, end);
      text = text.slice(end + 2);
      if (/^event: ?updated$/m.test(message)) refresh();
    }
  }
}

// ---- start -------------------------------------------------------------------------------------

const UUID = /^[0-9a-f-]{36}$/i;
function route() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.has("token")) {
    keep(given.get("token"));
    given.delete("token");
    history.replaceState(null, "", given.size ? `#${given}` : location.pathname);
  }
  const id = given.get("customer"), handover = given.get("brief");
  if (token() && UUID.test(handover ?? "")) openOther(handover);
  else if (token() && UUID.test(id ?? "")) { if (id !== shown.id) open(id); } else { close(); arrange(); }
}
$("search").addEventListener("submit", (event) => event.preventDefault());
$("query").addEventListener("input", search);
$("query").addEventListener("keydown", steer);
$("query").addEventListener("blur", fold);
$("query").addEventListener("focus", () => { if (found.hits.length && $("query").value) unfold(); });
$("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  keep($("token").value.trim());
  $("token").value = "";
  $("refused").textContent = "";
  route();
  arrange();
});
$("leave").addEventListener("click", () => leave());
onUnknown(() => leave("The token is not valid or has expired."));
addEventListener("hashchange", route);
setInterval(tick, 1000);
route();
arrange();
if (!token()) $("token").focus(); else if (!shown.id && !shown.isBrief) $("query").focus();
