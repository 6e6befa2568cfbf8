// What the customer is worth and what it may owe: orders, grade, credit, group, partner programs.

import { card, chip, folded, h, heads, keyed, rows } from "./document.js";
import { amounts, at, capital, dotted, money, on, percent, plural, short, who, words } from "./words.js";

export function ordersCard(view) {
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
    orders.recent.length ? h("table", {}, heads(["Newest orders", "Placed", "Total"]),
      h("tbody", {}, orders.recent.slice(0, 8).map((order) => keyed(`order:${order.order_id}`, "tr", {},
        h("td", {}, order.external_ref ?? "–", " ", order.status === "confirmed" ? null : h("span", { class: "soft" }, words(order.status)),
          order.overdue_level ? [" ", keyed(`overdue:${order.order_id}`, "span", { class: "chip bad" }, `due ${on(order.due_at)}`)] : null),
        h("td", { class: "whole" }, on(order.ordered_at)), h("td", { class: "whole" }, money(order.total, order.currency)))))) : h("p", { class: "empty" }, "Nothing was bought yet."));
}

// ---- the grade, and why ------------------------------------------------------------------------

export function gradeCard(view) {
  const { grade } = view;
  if (!grade) return null;
  const { proposal } = grade;
  return card("grade-card", `Grade ${grade.grade}`, `${Number(grade.score)} points, ${words(grade.service_level)}`,
    parts("grade", grade.components),
    proposal ? folded("grade:proposal", keyed("grade:proposed", "span", { class: "no" },
      `Grade ${proposal.grade} (${Number(proposal.score)} points) waits for approval`), true,
      parts("proposal", proposal.components),
      h("p", { class: "soft small" }, `Proposed ${at(proposal.proposed_at)} by policy ${proposal.policy_version}: more than one step away from ${grade.grade}.`)) : null,
    h("p", { class: "soft small" }, `Policy ${grade.policy_version}, by ${who(grade.decided_by)}, since ${on(grade.graded_at)}; looked at again on ${on(grade.next_review_at)}`));
}
const inputsOf = (part) =>
  Object.entries(part.inputs).map(([name, value]) => `${words(name.replaceAll("_", "-"))} ${Number(value)}`).join(", ");
function parts(k, components) {
  if (!components.length) return null;
  return h("table", {}, heads(["Part", "Weight × level", "Points"]), h("tbody", {}, components.map((part) => h("tr", {},
    h("th", { scope: "row" }, capital(words(part.component)), h("div", { class: "soft tiny" }, inputsOf(part))),
    h("td", {}, `${Number(part.weight)} × ${Number(part.level)}`),
    keyed(`${k}:${part.component}`, "td", { class: "strong" }, `${Number(part.points)}`)))));
}

// ---- credit, and why ---------------------------------------------------------------------------

export function creditCard(view) {
  const { credit } = view;
  if (!credit) return null;
  const sum = (value) => money(value, credit.currency);
  const line = (k, label, value, note) => h("li", {}, h("div", { class: "row" },
    h("span", {}, label, note ? h("span", { class: "soft small" }, ` ${note}`) : null), keyed(`credit:${k}`, "span", { class: "strong" }, value)));
  const { hold, basis } = credit;
  const isOver = credit.valid_until && new Date(credit.valid_until) < new Date();
  return card("credit", "Credit", credit.terms_days === null ? "no limit set" : `${credit.terms_days} days`,
    credit.limit === null ? null : h("ul", { class: "rows" },
      line("limit", "Limit", sum(credit.limit), credit.set_at && `since ${on(credit.set_at)}`), line("exposure", "Owed", sum(credit.exposure)),
      line("available", "Left", sum(credit.available)), line("overdue", "Overdue", sum(credit.overdue_amount))),
    hold ? keyed("credit:hold", "p", { class: "no small" },
      `Hold: ${words(hold.reason_code)}, ${hold.is_manual ? `by ${who(hold.placed_by)}` : "by policy"} since ${at(hold.placed_at)}`) : null,
    credit.limit === null ? null : keyed("credit:approved", "p", { class: "small" },
      credit.approved_by ? `Approved by ${who(credit.approved_by)}` : "Within what the policy suggests: nobody had to approve it",
      credit.valid_until ? h("span", { class: isOver ? "no" : "" }, `, valid until ${on(credit.valid_until)}${isOver ? " (over)" : ""}`) : null),
    basis ? h("p", { class: "soft small", id: "credit-basis" }, why(credit, basis, sum)) : null);
}
function why(credit, basis, sum) {
  const paid = basis.avg_days_to_pay === null ? "" : ` It pays after ${Number(basis.avg_days_to_pay)} days on average.`;
  return `Policy ${basis.policy_version}${basis.grade ? `, grade ${basis.grade},` : ""} suggests ${sum(basis.suggested)}: the smaller of the cap `
    + `${sum(basis.cap)} and ${Number(basis.factor)} × ${sum(basis.average_monthly)} a month (of ${plural(basis.window_days, "day")}) for its `
    + `${plural(credit.terms_days ?? 0, "day")}, less the ${percent(basis.overdue_ratio)} of what it owes that is overdue.${paid}`;
}

// ---- whom it belongs to ------------------------------------------------------------------------

function asTree(members) {
  const under = new Map();
  for (const one of members) under.set(one.parent_id, [...(under.get(one.parent_id) ?? []), one]);
  const walk = (one) => [one, ...(under.get(one.customer_id) ?? []).flatMap(walk)];
  const known = new Set(members.map((one) => one.customer_id));
  return members.filter((one) => !known.has(one.parent_id)).flatMap(walk);
}
export function groupCard(view) {
  const { group } = view;
  const related = view.related.filter((one) => !(group && one.relationship_type === "parent-of"));
  if (!group && !related.length) return null;
  const to = (id, name) => h("a", { href: `#customer=${id}` }, name ?? short(id));
  return card("group", group ? "Group and relations" : "Relations", group ? plural(group.members.length, "member") + (group.is_whole ? "" : " shown") : null,
    group ? h("p", { class: "soft small" }, dotted(`${amounts(group.revenue)} bought`, plural(group.order_count, "order"),
      `${plural(group.open_deals, "open deal")} (${amounts(group.open_deal_amount)})`,
      plural(group.open_tickets, "open ticket") + (group.open_critical_tickets ? `, ${group.open_critical_tickets} critical` : ""))) : null,
    group ? h("table", { id: "members" }, heads(["Member", "Bought", "Deals", "Tickets"]),
      h("tbody", {}, asTree(group.members).map((one) => h("tr", {},
        h("th", { scope: "row", class: `deep${Math.min(one.depth, 4)}` }, one.customer_id === view.customer_id
          ? h("span", { class: "strong" }, one.display_name ?? "This customer") : to(one.customer_id, one.display_name)),
        keyed(`member:${one.customer_id}`, "td", {}, amounts(one.revenue)),
        keyed(`member-deals:${one.customer_id}`, "td", {}, `${one.open_deals}`),
        keyed(`member-tickets:${one.customer_id}`, "td", {}, `${one.open_tickets}`))))) : null,
    rows(related, (one) => h("li", {}, h("div", { class: "row small" },
      h("span", {}, one.direction === "outward" ? `${capital(words(one.relationship_type))} → ` : `${capital(words(one.relationship_type))} ← `,
        one.other_type === "customer" ? to(one.other_id, one.other_name) : one.other_name ?? "Unnamed"),
      h("span", { class: "soft" }, dotted(one.role && words(one.role), one.valid_from && `since ${on(one.valid_from)}`))))));
}

export function partnersCard(view) {
  if (!view.partners.length) return null;
  const tone = { active: "good", suspended: "warn", terminated: "bad", certified: "good", expired: "warn" };
  return card("partners", "Partner", null, rows(view.partners, (partner) => h("li", {},
    h("div", { class: "row" },
      h("span", { class: "strong" }, dotted(...[partner.program, partner.tier].filter(Boolean).map((code) => capital(words(code))))),
      keyed(`partner:${partner.partner_id}`, "span", { class: `chip ${tone[partner.status] ?? ""}` },
        dotted(partner.status, partner.status !== "active" && partner.reason_code && words(partner.reason_code)))),
    h("div", { class: "soft small" }, dotted(partner.since && `since ${on(partner.since)}`, partner.territories.join(", "),
      partner.product_lines.join(", "), partner.agreement_ref)),
    partner.reps.map((rep) => h("div", {},
      h("div", { class: "row small" },
        h("span", {}, dotted(rep.name ?? "Unnamed", rep.role && words(rep.role))),
        keyed(`rep:${partner.partner_id}:${rep.contact_id}`, "span", { class: `chip ${tone[rep.status] ?? ""}` },
          rep.certified_until ? `${rep.status} ${rep.status === "certified" ? "until" : "on"} ${on(rep.certified_until)}` : rep.status)),
      rep.certificates.length ? h("div", { class: "soft tiny" },
        rep.certificates.map((one) => `${words(one.course_id)} until ${on(one.valid_until)}`).join(", ")) : null)))));
}
