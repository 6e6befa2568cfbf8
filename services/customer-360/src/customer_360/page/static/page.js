// The page of one customer: search, view, timeline, and the stream that keeps them current.
// Everything that comes from the API reaches the document as text nodes, never as markup.

const $ = (id) => document.getElementById(id);
const TOKEN = "rapport.token";
const FEED_SIZE = 30;

// ---- words and numbers -------------------------------------------------------------------------

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const dateOnly = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const plural = (n, one, many = `${one}s`) => `${Number(n).toLocaleString()} ${n === 1 ? one : many}`;
const words = (code) => (code ?? "").replaceAll("-", " ");
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const at = (time) => (time ? dateTime.format(new Date(time)) : "–");
const on = (time) => (time ? dateOnly.format(new Date(time)) : "–");
const dayOf = (day) => (day ? dateOnly.format(new Date(`${day}T12:00:00`)) : "–");

function money(amount, currency) {
  try {
    return new Intl.NumberFormat(undefined, { style: "currency", currency }).format(amount);
  } catch {
    return `${amount} ${currency}`;
  }
}
const amounts = (byCurrency) =>
  Object.entries(byCurrency).map(([currency, amount]) => money(amount, currency)).join(" + ") || "–";

function span(ms) {
  const minutes = Math.floor(Math.abs(ms) / 60000), seconds = Math.floor(Math.abs(ms) / 1000) % 60;
  const two = (n) => String(n).padStart(2, "0");
  if (minutes >= 2880) return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  return `${minutes}:${two(seconds)} min`;
}

// ---- building the document ---------------------------------------------------------------------

function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "onclick") element.addEventListener("click", value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}
// `k` names what may change: where its text differs from the one shown before, it lights up.
const keyed = (k, tag, attributes, ...children) => h(tag, { ...attributes, "data-k": k }, ...children);
const chip = (text, tone = "") => h("span", { class: `chip ${tone}` }, text);
const card = (id, title, note, ...children) =>
  h("section", { class: "card", "aria-labelledby": `${id}-title` },
    h("h2", { id: `${id}-title` }, h("span", {}, title), note ? h("span", { class: "note" }, note) : null), ...children);
const rows = (items, render, nothing) =>
  items.length ? h("ul", { class: "rows" }, items.map(render)) : h("p", { class: "empty" }, nothing);

// ---- talking to the service --------------------------------------------------------------------

class Refused extends Error {
  constructor(status, title) { super(title); this.status = status; }
}
const token = () => sessionStorage.getItem(TOKEN);
async function call(path, options = {}) {
  const response = await fetch(path, { ...options, headers: { Authorization: `Bearer ${token()}`, ...options.headers } });
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  if (response.status === 401) leave("The token is not valid or has expired.");
  throw new Refused(response.status, problem.title ?? response.statusText);
}
const read = async (path, options) => (await call(path, options)).json();

// ---- the token ---------------------------------------------------------------------------------

function leave(reason = "") {
  close();
  sessionStorage.removeItem(TOKEN);
  $("refused").textContent = reason;
  arrange();
  $("token").focus();
}
function arrange() {
  const inside = Boolean(token());
  $("door").hidden = inside;
  $("search").hidden = $("leave").hidden = !inside;
  $("start").hidden = !inside || Boolean(shown.id);
  $("view").hidden = !inside || !shown.id;
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

const shown = { id: null, texts: new Map(), feed: [], next: null, stop: null, busy: false, again: false };

function close() {
  shown.stop?.abort();
  Object.assign(shown, { id: null, texts: new Map(), feed: [], next: null, stop: null, busy: false, again: false });
  $("view").replaceChildren();
  document.title = "Rapport · Customer 360";
  tell("", "");
}
async function open(id) {
  close();
  shown.id = id;
  shown.stop = new AbortController();
  arrange();
  await refresh();
  if (shown.id === id) {
    $("view").focus({ preventScroll: true });
    follow(id, shown.stop.signal);
  }
}
// One refresh at a time; what arrives meanwhile asks for exactly one more.
async function refresh() {
  if (shown.busy) { shown.again = true; return; }
  shown.busy = true;
  const id = shown.id;
  try {
    do {
      shown.again = false;
      const [view, page] = await Promise.all([
        read(`/v1/customers/${id}`), read(`/v1/customers/${id}/timeline?limit=${FEED_SIZE}`)]);
      if (shown.id !== id) return;
      merge(page);
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
function merge(page) {
  const known = new Set(shown.feed.map((item) => item.event_id));
  const fresh = page.items.filter((item) => !known.has(item.event_id));
  if (!shown.feed.length) shown.next = page.next;
  shown.feed = [...fresh, ...shown.feed].sort((a, b) =>
    (a.at < b.at ? 1 : a.at > b.at ? -1 : a.event_id < b.event_id ? 1 : -1));
}
async function older(button) {
  button.disabled = true;
  const page = await read(
    `/v1/customers/${shown.id}/timeline?limit=${FEED_SIZE}&cursor=${encodeURIComponent(shown.next)}`);
  shown.next = page.next;
  merge({ items: page.items });
  shown.feed.forEach((item) => shown.texts.set(`item:${item.event_id}`, item.title));
  const old = document.querySelector("section:has(#timeline-title)");
  old.replaceWith(timelineCard());
}
function show(view) {
  const isFirst = shown.texts.size === 0;
  const before = shown.texts;
  document.title = `${view.header?.display_name ?? "Customer"} · Rapport 360`;
  const sourcesOpen = document.querySelector(".sources")?.open ?? false;
  $("view").replaceChildren(
    alertList(view.alerts), headerCard(view, sourcesOpen),
    h("div", { class: "columns" },
      h("div", { class: "column" }, peopleCard(view), householdsCard(view), gradeCard(view), creditCard(view), identityCard(view), preferencesCard(view), privacyCard(view), leadsCard(view), campaignsCard(view)),
      h("div", { class: "column" }, dealsCard(view), commitmentsCard(view), serviceCard(view), ordersCard(view), partnersCard(view), groupCard(view)),
      h("div", { class: "column" }, interactionsCard(view), timelineCard())));
  shown.texts = new Map([...document.querySelectorAll("[data-k]")].map((element) => [element.dataset.k, element.textContent]));
  if (!isFirst) highlight(before);
  tick();
}
function highlight(before) {
  for (const element of document.querySelectorAll("[data-k]")) {
    if (before.get(element.dataset.k) !== element.textContent) element.classList.add("changed");
  }
}

const ALERTS = {
  "sell-while-broken": "Resolve before you sell: a critical ticket is open while a deal is on.",
  "commitment-broken": "Something was promised, not kept in time, and is still owed.",
  "payment-overdue": "An invoice was not paid within its terms.",
  "sla-breached": "A promise to this customer is broken.",
  "consent-breach-attempt": "A message was planned to somebody who had said no; it was not sent.",
  "duplicate-suspected": "This customer, or one of its people, may be in the base twice.",
  "address-lost": "An address of one of its people reaches them no longer: ask for a new one.",
  "credit-over-limit": "This customer owes more than its credit limit allows.",
  "data-stale": "Some sources are more than five minutes behind.",
};
const alertList = (alerts) => h("div", { class: "alerts", role: "status" }, alerts.map((alert) =>
  keyed(`alert:${alert.code}`, "p", { class: `alert ${alert.severity}` },
    h("b", {}, capital(words(alert.code)).replace("Sla", "SLA")), h("span", {}, ALERTS[alert.code] ?? ""),
    alert.since ? h("span", { class: "small" }, `since ${at(alert.since)}`) : null)));

function headerCard(view, sourcesOpen) {
  const who = view.header ?? {};
  const fact = (label, value) => (value ? h("span", {}, `${label} `, h("b", {}, value)) : null);
  const number = (k, value, label) => h("div", { class: "number" }, keyed(k, "b", {}, value), h("span", {}, label));
  const tone = { customer: "good", prospect: "", dormant: "warn", churned: "bad" }[who.lifecycle] ?? "";
  return h("section", { class: "card", "aria-labelledby": "name" },
    h("div", { class: "headline" },
      keyed("name", "h1", { id: "name" }, who.display_name ?? "Not introduced yet"),
      who.lifecycle ? keyed("lifecycle", "span", { class: `chip ${tone}` }, who.lifecycle) : null,
      who.kind ? chip(who.kind) : null,
      view.grade ? keyed("grade", "span", { class: `chip ${"AB".includes(view.grade.grade) ? "good" : ""}` }, `grade ${view.grade.grade}`) : null,
      view.credit?.hold ? keyed("hold", "span", { class: "chip bad" }, "credit hold") : null,
      view.value.rfm ? keyed("cell", "span", { class: "chip" }, words(view.value.rfm.cell)) : null,
      (who.tags ?? []).map((tag) => chip(tag)),
      view.stale ? chip("not up to date", "warn") : null),
    h("div", { class: "facts" },
      fact("Owner", who.owner_id), fact("Since", who.lifecycle_since && on(who.lifecycle_since)),
      fact("Industry", who.industry), fact("Region", [who.territory_code, who.region].filter(Boolean).join(" · ")),
      fact("Source", words(who.source)),
      (who.external_ids ?? []).map((other) => fact(other.system, other.id))),
    h("div", { class: "numbers" },
      number("n:revenue", amounts(view.orders.revenue), plural(view.orders.count, "order")),
      number("n:pipeline", amounts(view.deals.open_amount), plural(view.deals.open.length, "open deal")),
      number("n:tickets", String(view.service.open.length),
        `${view.service.open.length === 1 ? "open ticket" : "open tickets"}${view.service.open_critical ? `, ${view.service.open_critical} critical` : ""}`),
      number("n:csat", view.service.csat.average === null ? "–" : `${view.service.csat.average} / 5`,
        `satisfaction, ${plural(view.service.csat.answers, "answer")}`),
      number("n:sent", `${view.campaigns.clicked} / ${view.campaigns.sent}`, "mails clicked / sent")),
    sources(view, sourcesOpen));
}
function sources(view, isOpen) {
  const entries = Object.entries(view.as_of);
  const worst = Math.max(0, ...entries.map(([, source]) => source.lag_s));
  return h("details", { class: "sources", open: isOpen },
    h("summary", {}, `Profile version ${view.profile_version} · ${plural(entries.length, "source")}, `
      + (worst > 0 ? `up to ${worst} s behind` : "all up to date")),
    h("table", {}, h("thead", {}, h("tr", {}, ["Source", "Newest event", "Behind"].map((t) => h("th", { scope: "col" }, t)))),
      h("tbody", {}, entries.map(([topic, source]) => h("tr", {},
        h("td", {}, topic.replace(/^crm\./, "").replace(/\.v1$/, "")), h("td", {}, at(source.event_time)),
        h("td", {}, source.lag_s ? `${source.lag_s} s` : "–"))))));
}

const REASONS = { "suppression-list": "suppressed", consent: "no consent", "no-point": "no address", "open-ticket": "critical ticket open" };
function peopleCard(view) {
  return card("people", "People", plural(view.people.length, "person", "people"),
    rows(view.people, person, "Nobody is known by name yet."));
}
function person(one) {
  const id = one.contact_id;
  const role = [one.role && words(one.role), one.job_title, one.department].filter(Boolean).join(" · ");
  return h("li", {},
    h("div", { class: "row" },
      h("h3", {}, keyed(`p:${id}`, "span", {}, one.name ?? "Unnamed"), " ", one.is_primary ? chip("primary", "good") : null,
        one.left ? chip("left", "warn") : null),
      h("span", { class: "soft small" }, role)),
    one.points.map((point) => h("div", { class: "row small" },
      h("span", {}, point.value), h("span", { class: point.status === "active" ? "soft" : "no" },
        point.status === "active" ? point.type : `${point.type}, ${point.status}`))),
    one.postal_points.map((point) => h("div", { class: "row small" },
      h("span", {}, [...point.lines, [point.postal_code, point.locality].filter(Boolean).join(" "), point.country].filter(Boolean).join(", ")),
      h("span", { class: point.status === "active" ? "soft" : "no" }, point.status === "active" ? "post" : `post, ${point.status}`))),
    one.key_dates.map((date) => h("div", { class: "row small" },
      h("span", {}, [date.year, date.month_day].filter(Boolean).join("-")), h("span", { class: "soft" }, words(date.kind)))),
    suppressed(one),
    mayI(one));
}
const consentLine = (consent) => [
  `${words(consent.status)} ${on(consent.since)}`,
  consent.source && words(consent.source),
  consent.status === "granted" && consent.lawful_basis && consent.lawful_basis !== "consent" && `by ${words(consent.lawful_basis)}`,
  consent.double_opt_in && "confirmed by mail",
  consent.status === "granted" && consent.effective_from > consent.since && `from ${on(consent.effective_from)}`,
  consent.expires_at && consent.status === "granted" && `until ${on(consent.expires_at)}`,
].filter(Boolean).join(", ");
function suppressed(one) {
  return one.suppressions.map((s) => keyed(`suppressed:${one.contact_id}:${s.suppression_id}`, "div", { class: "row small" },
    h("span", { class: "no" }, `${capital(s.channel)} is suppressed${s.scope === "all" ? "" : ` for ${words(s.scope)}`}`),
    h("span", { class: "soft" }, words(s.reason_code ?? "manual"))));
}

function gradeCard(view) {
  const { grade } = view;
  if (!grade) return null;
  const inputs = (part) => Object.entries(part.inputs).map(([name, value]) => `${words(name.replaceAll("_", "-"))} ${Number(value)}`).join(", ");
  const { proposal } = grade;
  return card("grade-card", `Grade ${grade.grade}`, `${Number(grade.score)} points, ${words(grade.service_level)}`, h("div", {},
    rows(grade.components, (part) => h("li", {},
      h("div", { class: "row" }, h("span", {}, capital(words(part.component))),
        keyed(`grade:${part.component}`, "span", { class: "strong" }, `${Number(part.points)}`)),
      h("div", { class: "soft small" }, `${Number(part.weight)} × ${Number(part.level)}${inputs(part) ? ` · ${inputs(part)}` : ""}`)), ""),
    proposal ? keyed("grade:proposal", "p", { class: "small no" }, `Grade ${proposal.grade} (${Number(proposal.score)} points) waits for approval.`) : null,
    h("p", { class: "soft small" }, `Policy ${grade.policy_version}, by ${grade.decided_by}, since ${on(grade.graded_at)}; looked at again on ${on(grade.next_review_at)}`)));
}
function creditCard(view) {
  const { credit } = view;
  if (!credit) return null;
  const sum = (value) => amounts({ [credit.currency]: value });
  const line = (k, label, value) => h("li", {}, h("div", { class: "row" }, h("span", {}, label), keyed(`credit:${k}`, "span", { class: "strong" }, value)));
  const { hold } = credit;
  return card("credit", "Credit", credit.terms_days === null ? "no limit set" : `${credit.terms_days} days`, h("div", {},
    credit.limit === null ? null : h("ul", { class: "rows" },
      line("limit", "Limit", sum(credit.limit)), line("exposure", "Owed", sum(credit.exposure)),
      line("available", "Left", sum(credit.available)), line("overdue", "Overdue", sum(credit.overdue_amount))),
    hold ? keyed("credit:hold", "p", { class: "no small" },
      `Hold: ${words(hold.reason_code)}, ${hold.is_manual ? `by ${hold.placed_by}` : "by policy"} since ${at(hold.placed_at)}`) : null));
}
function identityCard(view) {
  const { duplicates } = view.identity;
  if (!duplicates.length) return null;
  const names = new Map(view.people.map((one) => [one.contact_id, one.name]));
  const who = (id) => names.get(id) ?? (id === view.customer_id ? "This customer" : `${id.slice(0, 8)}…`);
  return card("identity", "Known twice?", plural(duplicates.length, "open case"),
    rows(duplicates, (one) => h("li", {},
      h("div", { class: "row" },
        keyed(`dup:${one.case_id}`, "span", { class: "strong" }, `${[...one.record_ids, ...one.other_ids].map(who).join(" and ")}`),
        chip(`${Math.round(Number(one.score) * 100)} %`, "warn")),
      h("div", { class: "soft small" }, `same ${one.matched_on.map((trait) => trait.replaceAll("_", " ")).join(", ")} · since ${at(one.detected_at)}`)), ""));
}
const ASKED = { erasure: "Wants to be forgotten", export: "Asks what is held", restriction: "Data must not be processed" };
function privacyCard(view) {
  const { open } = view.privacy;
  if (!open.length) return null;
  const names = new Map(view.people.map((one) => [one.contact_id, one.name]));
  return card("privacy", "Privacy", plural(open.length, "open request"),
    rows(open, (one) => h("li", {},
      h("div", { class: "row" },
        keyed(`privacy:${one.request_id}`, "span", { class: "strong" }, ASKED[one.kind] ?? capital(words(one.kind))),
        chip(words(one.status), "warn")),
      h("div", { class: "soft small" }, [
        one.contact_ids.map((id) => names.get(id) ?? `${id.slice(0, 8)}…`).join(", "),
        `since ${at(one.since)}`, one.deadline_at && `due ${on(one.deadline_at)}`].filter(Boolean).join(" · "))), ""));
}
function mayI(one) {
  const pairs = Object.keys(one.contactable_now).map((pair) => pair.split(":"));
  const channels = [...new Set(pairs.map(([channel]) => channel))];
  const purposes = [...new Set(pairs.map(([, purpose]) => purpose))];
  const cell = (channel, purpose) => {
    const answer = one.contactable_now[`${channel}:${purpose}`];
    const consent = one.consents.find((c) => c.channel === channel && c.purpose === purpose);
    return h("td", {},
      answer ? keyed(`may:${one.contact_id}:${channel}:${purpose}`, "div", { class: answer.ok ? "yes" : "no" },
        answer.ok ? "✓ yes" : `✗ ${REASONS[answer.reason] ?? answer.reason}${answer.because && answer.because !== "unknown" ? `: ${words(answer.because)}` : ""}`) : null,
      consent ? keyed(`consent:${one.contact_id}:${channel}:${purpose}`, "div", { class: "soft tiny" }, consentLine(consent)) : null);
  };
  return h("table", { class: "may" },
    h("caption", { class: "hidden" }, `May I contact ${one.name ?? "this person"} now?`),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "May I, now?"), channels.map((c) => h("th", { scope: "col" }, capital(c))))),
    h("tbody", {}, purposes.map((purpose) => h("tr", {},
      h("th", { scope: "row" }, capital(words(purpose))), channels.map((channel) => cell(channel, purpose))))));
}

function dealsCard(view) {
  const { deals } = view;
  const closed = `${deals.won_count} won${deals.won_count ? ` (${amounts(deals.won_amount)})` : ""}, ${deals.lost_count} lost`;
  return card("deals", "Deals", closed, rows(deals.open, (deal) => h("li", {},
    h("div", { class: "row" },
      keyed(`deal:${deal.deal_id}`, "span", { class: "strong" }, `${money(deal.amount ?? 0, deal.currency ?? "EUR")} · ${words(deal.stage_id)}`),
      h("span", { class: "soft small" }, `closes ${dayOf(deal.expected_close_date)}`)),
    h("div", { class: "row small soft" },
      h("span", {}, [deal.owner_id, deal.product_lines.join(", ")].filter(Boolean).join(" · ")),
      h("span", {}, deal.probability === null ? "" : `${deal.probability} %`)),
    h("div", { class: "chips" }, deal.risks.map((risk) =>
      keyed(`risk:${deal.deal_id}:${risk.code}:${risk.cause_id}`, "span", { class: `chip ${risk.severity === "high" ? "bad" : "warn"}` }, words(risk.code))))),
    "No open deal."));
}

function commitmentsCard(view) {
  const { open, broken, recent } = view.commitments;
  if (!open.length && !recent.length) return null;
  const names = new Map(view.people.map((one) => [one.contact_id, one.name]));
  const worth = (one) => (one.amount === null ? "" : ` · ${money(one.amount, one.currency)}`);
  return card("commitments", "Promises", broken ? plural(broken, "broken promise") : null,
    rows(open, (one) => h("li", {},
      h("div", { class: "row" },
        h("span", { class: "strong" }, `${capital(words(one.kind ?? "promise"))}${worth(one)} `,
          one.status === "broken" ? keyed(`promise:${one.commitment_id}`, "span", { class: "chip bad" }, "broken")
            : one.is_due_soon ? keyed(`promise:${one.commitment_id}`, "span", { class: "chip warn" }, "due soon") : null),
        h("span", { class: "due", "data-due": one.due_at ?? "", title: `due ${at(one.due_at)}` })),
      h("div", { class: "soft small" }, [`due ${at(one.due_at)}`, `by ${one.made_by}`,
        one.owner_id !== one.made_by && `now ${one.owner_id}`, names.get(one.contact_id)].filter(Boolean).join(" · "))),
      "Nothing is owed."),
    recent.length ? h("details", { class: "sources" }, h("summary", {}, plural(recent.length, "earlier promise")),
      rows(recent, (one) => h("li", {}, h("div", { class: "row small" },
        h("span", {}, `${capital(words(one.kind ?? "promise"))}${worth(one)} · ${words(one.status)}${one.broken_at ? ", too late" : ""}`),
        h("span", { class: "soft" }, at(one.closed_at)))), "")) : null);
}

function leadsCard(view) {
  if (!view.leads.length) return null;
  return card("leads", "Leads", null, rows(view.leads, (lead) => h("li", {},
    h("div", { class: "row" },
      keyed(`lead:${lead.lead_id}`, "span", { class: "strong" }, `${capital(words(lead.status))}${lead.grade ? ` · grade ${lead.grade}` : ""}`),
      h("span", { class: "soft small" }, at(lead.received_at))),
    h("div", { class: "soft small" }, [words(lead.source), lead.product_interests.join(", "), lead.owner_id].filter(Boolean).join(" · "))), ""));
}

function ordersCard(view) {
  const { orders, value } = view;
  const note = orders.first_order_at ? `${on(orders.first_order_at)} – ${on(orders.last_order_at)}` : null;
  const scores = value.rfm ? [["Recency", value.rfm.r], ["Frequency", value.rfm.f], ["Monetary", value.rfm.m]] : [];
  return card("orders", "Orders and value", note,
    h("div", { class: "row" },
      keyed("revenue", "span", { class: "strong" }, amounts(orders.revenue)),
      keyed("order-count", "span", { class: "soft" }, plural(orders.count, "order"))),
    value.rfm ? h("div", { class: "bar-of-rfm" }, scores.map(([name, score]) => [
      h("span", {}, name), h("meter", { min: 0, max: 5, low: 2.5, high: 3.5, optimum: 5, value: score, "aria-label": `${name} ${score} of 5` }),
      keyed(`rfm:${name}`, "span", {}, `${score}`)])) : null,
    value.rfm ? h("p", { class: "soft small" }, `${capital(words(value.rfm.cell))}, as of ${on(value.rfm_as_of)}`) : null,
    orders.recent.length ? h("table", {},
      h("thead", {}, h("tr", {}, ["Newest orders", "Placed", "Total"].map((t) => h("th", { scope: "col" }, t)))),
      h("tbody", {}, orders.recent.slice(0, 8).map((order) => keyed(`order:${order.order_id}`, "tr", {},
        h("td", {}, order.external_ref ?? "–", " ", order.status === "confirmed" ? null : h("span", { class: "soft" }, words(order.status)),
          order.overdue_level ? [" ", keyed(`overdue:${order.order_id}`, "span", { class: "chip bad" }, `due ${on(order.due_at)}`)] : null),
        h("td", {}, on(order.ordered_at)), h("td", {}, money(order.total, order.currency)))))) : h("p", { class: "empty" }, "Nothing was bought yet."));
}

function serviceCard(view) {
  const { service } = view;
  const clocksOf = (ticket) => service.clocks.filter((clock) => clock.ticket_id === ticket.ticket_id);
  const note = [service.breached ? plural(service.breached, "broken promise") : null,
    service.nps_last === null ? null : `NPS ${service.nps_last}`].filter(Boolean).join(" · ");
  return card("service", "Service", note || null,
    rows(service.open, (ticket) => h("li", {},
      h("div", { class: "row" },
        keyed(`ticket:${ticket.ticket_id}`, "span", { class: "strong" }, `${ticket.number ?? ""} ${words(ticket.ticket_type)} · ${words(ticket.status)}`),
        chip(`severity ${ticket.severity ?? "?"}`, ticket.severity <= 2 ? "bad" : "")),
      h("div", { class: "soft small" }, [`since ${at(ticket.received_at)}`, ticket.agent_id ?? "unassigned", ticket.category].filter(Boolean).join(" · ")),
      clocksOf(ticket).map(clockRow)), "No open ticket."),
    service.recent.length ? h("details", { class: "sources" }, h("summary", {}, plural(service.recent.length, "earlier ticket")),
      rows(service.recent, (ticket) => h("li", {}, h("div", { class: "row small" },
        h("span", {}, `${ticket.number ?? ""} ${words(ticket.ticket_type)} · ${words(ticket.status)}`),
        h("span", { class: "soft" }, at(ticket.resolved_at ?? ticket.received_at)))), "")) : null);
}
function clockRow(clock) {
  const state = clock.status === "paused" ? h("span", { class: "soft" }, "paused")
    : h("span", { class: "due", "data-due": clock.due_at ?? "", title: `due ${at(clock.due_at)}` });
  return h("div", { class: "row small" },
    h("span", {}, capital(words(clock.metric)),
      clock.breached_at ? [" ", keyed(`clock:${clock.clock_id}`, "span", { class: "chip bad" }, "breached")] : null), state);
}
function tick() {
  for (const element of document.querySelectorAll("[data-due]")) {
    const left = new Date(element.dataset.due) - Date.now();
    element.textContent = left >= 0 ? `${span(left)} left` : `${span(left)} late`;
    element.className = `due ${left < 0 ? "late" : left < 3600000 ? "soon" : ""}`;
  }
}

function campaignsCard(view) {
  const { touches } = view.campaigns;
  const tone = { sent: "good", held: "warn", suppressed: "bad", failed: "bad" };
  return card("campaigns", "Campaign touches", `${view.campaigns.sent} sent, ${view.campaigns.clicked} clicked`,
    rows(touches, (touch) => h("li", {},
      h("div", { class: "row" },
        h("span", { class: "strong" }, touch.campaign ?? "Campaign"),
        keyed(`touch:${touch.message_id}`, "span", { class: `chip ${tone[touch.status] ?? ""}` },
          [touch.status, touch.reason_code && words(touch.reason_code), touch.clicked_at && "clicked",
            touch.unsubscribed_at && "unsubscribed"].filter(Boolean).join(" · "))),
      h("div", { class: "soft small" }, at(touch.touched_at))), "No campaign has reached this customer."));
}

function groupCard(view) {
  const { group, related } = view;
  if (!group && !related.length) return null;
  const to = (id, name) => h("a", { href: `#customer=${id}` }, name ?? `${id.slice(0, 8)}…`);
  return card("group", "Group and relations", group ? plural(group.members.length, "member") + (group.is_whole ? "" : " shown") : null,
    group ? h("div", { class: "soft small" }, `${amounts(group.revenue)} bought · ${plural(group.open_deals, "open deal")} `
      + `(${amounts(group.open_deal_amount)}) · ${plural(group.open_tickets, "open ticket")}`) : null,
    group ? rows(group.members, (one) => h("li", {}, h("div", { class: "row small" },
      h("span", { class: one.customer_id === view.customer_id ? "strong" : "" }, "– ".repeat(one.depth), to(one.customer_id, one.display_name)),
      keyed(`member:${one.customer_id}`, "span", { class: "soft" }, `${amounts(one.revenue)} · ${plural(one.open_deals, "deal")} · ${plural(one.open_tickets, "ticket")}`))), "") : null,
    rows(related.filter((one) => one.relationship_type !== "parent-of"), (one) => h("li", {}, h("div", { class: "row small" },
      h("span", {}, one.direction === "outward" ? `${capital(words(one.relationship_type))} → ` : `${capital(words(one.relationship_type))} ← `,
        one.other_type === "customer" ? to(one.other_id, one.other_name) : one.other_name ?? "Unnamed"),
      h("span", { class: "soft" }, one.role ? words(one.role) : ""))), ""));
}

function householdsCard(view) {
  const here = new Set(view.people.map((one) => one.contact_id));
  if (!view.households.length) return null;
  return card("households", "Households", null, rows(view.households, (home) => h("li", {},
    home.members.map((one) => h("div", { class: "row small" },
      keyed(`lives:${home.household_id}:${one.contact_id}`, "span", { class: here.has(one.contact_id) ? "strong" : "" }, one.name ?? "Unnamed"),
      one.is_head ? chip("head", "good") : null))), ""));
}

function partnersCard(view) {
  if (!view.partners.length) return null;
  const tone = { active: "good", suspended: "warn", terminated: "bad", certified: "good", expired: "warn" };
  return card("partners", "Partner", null, rows(view.partners, (partner) => h("li", {},
    h("div", { class: "row" },
      h("span", { class: "strong" }, [partner.program, partner.tier].filter(Boolean).map((code) => capital(words(code))).join(" · ")),
      keyed(`partner:${partner.partner_id}`, "span", { class: `chip ${tone[partner.status] ?? ""}` }, partner.status)),
    h("div", { class: "soft small" }, [partner.since && `since ${on(partner.since)}`, partner.territories.join(", "),
      partner.product_lines.join(", "), partner.agreement_ref].filter(Boolean).join(" · ")),
    partner.reps.map((rep) => h("div", { class: "row small" },
      h("span", {}, [rep.name ?? "Unnamed", rep.role && words(rep.role)].filter(Boolean).join(" · ")),
      keyed(`rep:${partner.partner_id}:${rep.contact_id}`, "span", { class: `chip ${tone[rep.status] ?? ""}` },
        rep.certified_until ? `${rep.status} until ${on(rep.certified_until)}` : rep.status))))
  , ""));
}

function preferencesCard(view) {
  if (!view.preferences.length) return null;
  const names = new Map(view.people.map((one) => [one.contact_id, one.name ?? "Unnamed"]));
  return card("preferences", "Preferences", null,
    rows(view.preferences, (liked) => h("li", {}, h("div", { class: "row small" },
      keyed(`liked:${liked.preference_id}`, "span", {}, `${capital(words(liked.key))}: ${words(liked.value_code)}`),
      h("span", { class: "soft" }, [names.get(liked.contact_id), `${Math.round(Number(liked.confidence) * 100)} % sure`].filter(Boolean).join(" · ")))), ""));
}

function interactionsCard(view) {
  const { last_at, recent } = view.interactions;
  return card("interactions", "In touch", last_at ? `last ${at(last_at)}` : null,
    rows(recent, (touch) => h("li", {},
      h("div", { class: "row" },
        keyed(`touch:${touch.interaction_id}`, "span", { class: "strong" },
          [capital(words(touch.kind)), touch.direction, touch.outcome && words(touch.outcome)].filter(Boolean).join(" · ")),
        touch.sentiment ? chip(touch.sentiment, { positive: "good", negative: "bad" }[touch.sentiment] ?? "") : null),
      h("div", { class: "soft small" }, [at(touch.occurred_at), words(touch.channel), touch.department, touch.actor_id].filter(Boolean).join(" · "))),
    "Nobody has been in touch yet."));
}

function timelineCard() {
  const more = shown.next
    ? h("button", { type: "button", class: "quiet more", onclick: (event) => older(event.currentTarget) }, "Show older") : null;
  return card("timeline", "Timeline", null,
    shown.feed.length ? h("ol", { class: "timeline" }, shown.feed.map((item) => h("li", { class: item.service },
      h("div", {}, keyed(`item:${item.event_id}`, "div", {}, item.title),
        h("div", { class: "soft small" }, `${at(item.at)} · ${item.service} · ${item.actor.replace(/^(user|service|import):/, "")}`)))))
      : h("p", { class: "empty" }, "Nothing happened yet."), more);
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

function route() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.has("token")) {
    sessionStorage.setItem(TOKEN, given.get("token"));
    given.delete("token");
    history.replaceState(null, "", given.size ? `#${given}` : location.pathname);
  }
  const id = given.get("customer");
  if (token() && id && /^[0-9a-f-]{36}$/i.test(id)) { if (id !== shown.id) open(id); } else { close(); arrange(); }
}
$("search").addEventListener("submit", (event) => event.preventDefault());
$("query").addEventListener("input", search);
$("query").addEventListener("keydown", steer);
$("query").addEventListener("blur", fold);
$("query").addEventListener("focus", () => { if (found.hits.length && $("query").value) unfold(); });
$("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN, $("token").value.trim());
  $("token").value = "";
  $("refused").textContent = "";
  route();
  arrange();
});
$("leave").addEventListener("click", () => leave());
addEventListener("hashchange", route);
setInterval(tick, 1000);
route();
arrange();
if (!token()) $("token").focus(); else if (!shown.id) $("query").focus();
