// Who the customer is: alerts, the head of the page, and which records are this customer.

import { card, chip, folded, h, heads, keyed, rows } from "./document.js";
import { namesOf } from "./people.js";
import { amounts, at, capital, dotted, on, percent, plural, short, who, words } from "./words.js";

const ALERTS = {
  "sell-while-broken": "Resolve before you sell: a critical ticket is open while a deal is on.",
  "commitment-broken": "Something was promised, not kept in time, and is still owed.",
  "payment-overdue": "An invoice was not paid within its terms.",
  "sla-breached": "A promise to this customer is broken.",
  "consent-breach-attempt": "A message was planned to somebody who had said no; it was not sent.",
  "duplicate-suspected": "This customer, or one of its people, may be in the base twice.",
  "address-lost": "An address of one of its people reaches them no longer: ask for a new one.",
  "credit-over-limit": "This customer owes more than its credit limit allows.",
  "credit-limit-expired": "The credit limit is past its time: set it anew.",
  "data-stale": "Some sources are more than five minutes behind.",
};
export const alertList = (alerts) => h("div", { class: "alerts", role: "status" }, alerts.map((alert) =>
  keyed(`alert:${alert.code}`, "p", { class: `alert ${alert.severity}` },
    h("b", {}, capital(words(alert.code)).replace("Sla", "SLA")), h("span", {}, ALERTS[alert.code] ?? ""),
    alert.since ? h("span", { class: "small" }, `since ${at(alert.since)}`) : null)));

const RECORD = { archived: "warn", merged: "warn", "erasure-pending": "bad", erased: "bad" };
function standing(view) {
  const status = view.header?.record_status ?? "active";
  const restrictions = view.privacy.open.filter((one) => one.kind === "restriction").length;
  return [
    status === "active" ? null : keyed("record", "span", { class: `chip ${RECORD[status] ?? ""}` }, words(status)),
    restrictions ? keyed("restricted", "span", { class: "chip bad" }, "processing restricted") : null,
    view.stale ? chip("not up to date", "warn") : null];
}

export function headerCard(view, cameFrom) {
  const header = view.header ?? {};
  const fact = (label, value) => (value ? h("span", {}, `${label} `, h("b", {}, value)) : null);
  const number = (k, value, label) => h("div", { class: "number" }, keyed(k, "b", {}, value), h("span", {}, label));
  const tone = { customer: "good", prospect: "", dormant: "warn", churned: "bad", offboarded: "bad" }[header.lifecycle] ?? "";
  const { service } = view;
  return h("section", { class: "card", id: "header", "aria-labelledby": "name" },
    cameFrom ? h("p", { class: "small moved" }, `The record ${short(cameFrom)} was merged into this customer.`) : null,
    h("div", { class: "headline" },
      keyed("name", "h1", { id: "name" }, header.display_name ?? "Not introduced yet"),
      header.lifecycle ? keyed("lifecycle", "span", { class: `chip ${tone}` }, header.lifecycle) : null,
      standing(view),
      header.kind ? chip(header.kind) : null,
      view.grade ? keyed("grade", "span", { class: `chip ${"AB".includes(view.grade.grade) ? "good" : ""}` }, `grade ${view.grade.grade}`) : null,
      view.credit?.hold ? keyed("hold", "span", { class: "chip bad" }, "credit hold") : null,
      view.value.rfm ? keyed("cell", "span", { class: "chip" }, words(view.value.rfm.cell)) : null,
      (header.tags ?? []).map((tag) => chip(tag))),
    h("div", { class: "facts" },
      fact("Owner", header.owner_id), fact("Since", header.lifecycle_since && on(header.lifecycle_since)),
      fact("Industry", header.industry), fact("Region", dotted(header.territory_code, header.region)),
      fact("Source", words(header.source)),
      view.aliases.length ? fact("Made of", plural(view.aliases.length + 1, "record")) : null,
      (header.external_ids ?? []).map((other) => fact(other.system, other.id))),
    h("div", { class: "numbers" },
      number("n:revenue", amounts(view.orders.revenue), plural(view.orders.count, "order")),
      number("n:pipeline", amounts(view.deals.open_amount), plural(view.deals.open.length, "open deal")),
      number("n:tickets", String(service.open.length),
        `${service.open.length === 1 ? "open ticket" : "open tickets"}${service.open_critical ? `, ${service.open_critical} critical` : ""}`),
      number("n:csat", service.csat.average === null ? "–" : `${service.csat.average} / 5`,
        `satisfaction, ${plural(service.csat.answers, "answer")}`),
      number("n:sent", `${view.campaigns.clicked} / ${view.campaigns.sent}`, "mails clicked / sent")),
    sources(view));
}
function sources(view) {
  const entries = Object.entries(view.as_of);
  const worst = Math.max(0, ...entries.map(([, source]) => source.lag_s));
  const told = `Profile version ${view.profile_version} · ${plural(entries.length, "source")}, `
    + (worst > 0 ? `up to ${worst} s behind` : "all up to date");
  return folded("sources", told, false, h("table", {}, heads(["Source", "Newest event", "Behind"]),
    h("tbody", {}, entries.map(([topic, source]) => h("tr", {},
      h("td", {}, topic.replace(/^crm\./, "").replace(/\.v1$/, "")), h("td", {}, at(source.event_time)),
      h("td", {}, source.lag_s ? `${source.lag_s} s` : "–"))))));
}

// ---- known once? -------------------------------------------------------------------------------

export function identityCard(view) {
  const { duplicates } = view.identity;
  if (!duplicates.length) return null;
  return card("identity", "Known twice?", plural(duplicates.length, "open case"), rows(duplicates, (one) => h("li", {},
    h("div", { class: "row" },
      keyed(`dup:${one.case_id}`, "span", { class: "strong" }, capital([...one.record_ids, ...one.other_ids].map(naming(view)).join(" and "))),
      chip(percent(one.score), "warn")),
    h("div", { class: "soft small" }, `same ${one.matched_on.map((trait) => trait.replaceAll("_", " ")).join(", ")} · since ${at(one.detected_at)}`))));
}
function naming(view) {
  const names = namesOf(view);
  return (id) => names.get(id) ?? (id === view.customer_id ? "this customer" : view.identity.names[id] ?? `record ${short(id)}`);
}

export function mergesCard(view) {
  const { merges } = view.identity;
  if (!merges.length) return null;
  return card("merges", "Merged records", plural(merges.length, "merge"), rows(merges, (one) => merge(view, one)));
}
function merge(view, one) {
  const name = naming(view);
  const canBeUndone = !one.is_undone && new Date(one.reversible_until) > new Date();
  const state = one.is_undone ? ["undone", ""] : canBeUndone ? [`can be undone until ${on(one.reversible_until)}`, "warn"] : ["final", "good"];
  return h("li", {},
    h("div", { class: "row" },
      h("span", { class: "strong" }, `${capital(one.merged_ids.map(name).join(", "))} → ${name(one.survivor_id)}`),
      keyed(`merge:${one.merge_id}`, "span", { class: `chip ${state[1]}` }, state[0])),
    h("div", { class: "soft small" }, dotted(`${at(one.decided_at)} by ${who(one.decided_by)}`, words(one.reason_code),
      one.is_undone && `undone by ${who(one.undone_by)}: ${words(one.undone_for)}`)),
    folded(`merge:${one.merge_id}`, canBeUndone ? "Ids, and how to undo it" : "Ids", false,
      one.merged_ids.map((id) => h("div", { class: "small" }, h("code", {}, id))),
      canBeUndone ? h("p", { class: "small" }, "At contacts: ", h("code", {}, `POST /v1/merges/${one.merge_id}/undo`),
        " with ", h("code", {}, '{"reason_code": "…"}'), ". Of several into one record the last first.") : null));
}
