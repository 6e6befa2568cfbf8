// What goes on with the customer: deals, promises, handovers, leads, service, campaigns, contacts.

import { card, chip, folded, h, keyed, row, rows } from "./document.js";
import { namesOf } from "./people.js";
import { amounts, at, capital, dayOf, dotted, money, on, plural, short, span, words } from "./words.js";

export function dealsCard(view) {
  const { deals } = view;
  const closed = `${deals.won_count} won${deals.won_count ? ` (${amounts(deals.won_amount)})` : ""}, ${deals.lost_count} lost`;
  return card("deals", "Deals", closed, rows(deals.open, deal, "No open deal."));
}
export const deal = (one) => h("li", {},
  h("div", { class: "row" },
    keyed(`deal:${one.deal_id}`, "span", { class: "strong" }, `${money(one.amount ?? 0, one.currency ?? "EUR")} · ${words(one.stage_id)}`),
    h("span", { class: "soft small" }, `closes ${dayOf(one.expected_close_date)}`)),
  h("div", { class: "row small soft" },
    h("span", {}, dotted(one.owner_id, one.product_lines.join(", "))),
    h("span", {}, one.probability === null ? "" : `${one.probability} %`)),
  h("div", { class: "chips" }, one.risks.map((risk) =>
    keyed(`risk:${one.deal_id}:${risk.code}:${risk.cause_id}`, "span", { class: `chip ${risk.severity === "high" ? "bad" : "warn"}` }, words(risk.code)))));

export function commitmentsCard(view) {
  const { open, broken, recent } = view.commitments;
  if (!open.length && !recent.length) return null;
  return card("commitments", "Promises", broken ? plural(broken, "broken promise") : null,
    rows(open, (one) => promise(one, namesOf(view)), "Nothing is owed."),
    recent.length ? folded("promises", plural(recent.length, "earlier promise"), !open.length,
      rows(recent, (one) => h("li", {}, row("small",
        `${titleOf(one)} · ${words(one.status)}${one.broken_at ? ", too late" : ""}`, at(one.closed_at))))) : null);
}
const titleOf = (one) => `${capital(words(one.kind ?? "promise"))}${one.amount === null ? "" : ` · ${money(one.amount, one.currency)}`}`;
export const promise = (one, names) => h("li", {},
  h("div", { class: "row" },
    h("span", { class: "strong" }, `${titleOf(one)} `,
      one.status === "broken" ? keyed(`promise:${one.commitment_id}`, "span", { class: "chip bad" }, "broken")
        : one.is_due_soon ? keyed(`promise:${one.commitment_id}`, "span", { class: "chip warn" }, "due soon") : null),
    h("span", { class: "due", "data-due": one.due_at ?? "", title: `due ${at(one.due_at)}` })),
  h("div", { class: "soft small" }, dotted(`due ${at(one.due_at)}`, `by ${one.made_by}`,
    one.owner_id !== one.made_by && `now ${one.owner_id}`, names.get(one.contact_id))));

const HANDED = { "waiting-acks": ["under way", "warn"], completed: ["completed", "good"], "completed-with-exceptions": ["completed, with exceptions", "warn"] };
export const handoverState = (one) => HANDED[one.status] ?? [words(one.status), ""];
export function handoversCard(view) {
  if (!view.handovers.length) return null;
  return card("handovers", view.handovers.length === 1 ? "Handover" : "Handovers", null, rows(view.handovers, (one) => h("li", {},
    h("div", { class: "row" },
      h("span", { class: "strong" }, `${one.from_owner_id} → ${one.to_owner_id}`),
      keyed(`handover:${one.handover_id}`, "span", { class: `chip ${handoverState(one)[1]}` }, handoverState(one)[0])),
    h("div", { class: "row small" },
      h("span", { class: "soft" }, dotted(one.reason_code && words(one.reason_code), `since ${at(one.started_at)}`,
        one.status === "waiting-acks" && `due ${at(one.due_at)}`)),
      h("a", { href: `#brief=${one.handover_id}` }, "Read the brief")))));
}

export function leadsCard(view) {
  if (!view.leads.length) return null;
  return card("leads", "Leads", null, rows(view.leads, (lead) => h("li", {},
    h("div", { class: "row" },
      keyed(`lead:${lead.lead_id}`, "span", { class: "strong" }, `${capital(words(lead.status))}${lead.grade ? ` · grade ${lead.grade}` : ""}`),
      h("span", { class: "soft small" }, at(lead.received_at))),
    h("div", { class: "soft small" }, dotted(words(lead.source), lead.product_interests.join(", "), lead.owner_id)))));
}

// ---- service -----------------------------------------------------------------------------------

export function serviceCard(view) {
  const { service } = view;
  const clocksOf = (one) => service.clocks.filter((clock) => clock.ticket_id === one.ticket_id);
  const note = dotted(service.breached && plural(service.breached, "broken promise"), service.nps_last !== null && `NPS ${service.nps_last}`);
  return card("service", "Service", note || null,
    rows(service.open, (one) => ticket(one, clocksOf(one)), "No open ticket."),
    service.recent.length ? folded("tickets", plural(service.recent.length, "earlier ticket"), false,
      rows(service.recent, (one) => h("li", {}, row("small",
        `${one.number ?? ""} ${words(one.ticket_type)} · ${words(one.status)}`, at(one.resolved_at ?? one.received_at))))) : null);
}
export const ticket = (one, clocks) => h("li", {},
  h("div", { class: "row" },
    keyed(`ticket:${one.ticket_id}`, "span", { class: "strong" }, `${one.number ?? ""} ${words(one.ticket_type)} · ${words(one.status)}`),
    chip(`severity ${one.severity ?? "?"}`, one.severity <= 2 ? "bad" : "")),
  h("div", { class: "soft small" }, dotted(`since ${at(one.received_at)}`, one.agent_id ?? "unassigned", one.category)),
  clocks.map(clockRow));
export function clockRow(clock) {
  const state = clock.status === "paused" ? h("span", { class: "soft" }, "paused")
    : h("span", { class: "due", "data-due": clock.due_at ?? "", title: `due ${at(clock.due_at)}` });
  return h("div", { class: "row small" },
    h("span", {}, capital(words(clock.metric)),
      clock.breached_at ? [" ", keyed(`clock:${clock.clock_id}`, "span", { class: "chip bad" }, "breached")] : null), state);
}
export function tick() {
  for (const element of document.querySelectorAll("[data-due]")) {
    const left = new Date(element.dataset.due) - Date.now();
    element.textContent = left >= 0 ? `${span(left)} left` : `${span(left)} late`;
    element.className = `due ${left < 0 ? "late" : left < 3600000 ? "soon" : ""}`;
  }
}

// ---- campaigns and other talks -----------------------------------------------------------------

export function campaignsCard(view) {
  const { touches, responses, sent, clicked } = view.campaigns;
  const tone = { sent: "good", held: "warn", suppressed: "bad", failed: "bad", bounced: "bad" };
  const names = namesOf(view);
  const called = new Map(touches.map((touch) => [touch.campaign_id, touch.campaign]));
  return card("campaigns", "Campaigns", `${sent} sent, ${clicked} clicked`,
    rows(touches, (touch) => h("li", {},
      h("div", { class: "row" },
        h("span", { class: "strong" }, touch.campaign ?? "Campaign"),
        keyed(`touch:${touch.message_id}`, "span", { class: `chip ${tone[touch.status] ?? ""}` },
          dotted(touch.status, touch.reason_code && words(touch.reason_code), touch.clicked_at && "clicked", touch.unsubscribed_at && "unsubscribed"))),
      h("div", { class: "soft small" }, dotted(at(touch.touched_at), touch.channel, names.get(touch.contact_id)))), "No campaign has reached this customer."),
    responses.length ? [h("h3", { class: "small" }, "Responses"), h("div", { id: "responses" }, rows(responses, (one) => h("li", {},
      h("div", { class: "row small" },
        keyed(`response:${one.response_id}`, "span", {}, dotted(capital(words(one.kind)), called.get(one.campaign_id) ?? (one.campaign_id && `campaign ${short(one.campaign_id)}`))),
        h("span", { class: "soft" }, at(one.occurred_at))))))] : null);
}

export function interactionsCard(view) {
  const { last_at, recent } = view.interactions;
  return card("interactions", "In touch", last_at ? `last ${at(last_at)}` : null, rows(recent, interaction, "Nobody has been in touch yet."));
}
export const interaction = (one) => h("li", {},
  h("div", { class: "row" },
    keyed(`talk:${one.interaction_id}`, "span", { class: "strong" }, dotted(capital(words(one.kind)), one.direction, one.outcome && words(one.outcome))),
    one.sentiment ? chip(one.sentiment, { positive: "good", negative: "bad" }[one.sentiment] ?? "") : null),
  h("div", { class: "soft small" }, dotted(at(one.occurred_at), words(one.channel), one.department, one.actor_id)));
