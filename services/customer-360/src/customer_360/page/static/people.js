// The people of a customer: who they are, what they allow, and whether one may write to them now.

import { card, chip, folded, h, heads, keyed, row, rows } from "./document.js";
import { at, capital, dotted, on, plural, short, words } from "./words.js";

const CHANNELS = { email: "Email", phone: "Phone", sms: "SMS", post: "Post" };
const NO_POINT = { email: "no address", phone: "no number", sms: "no mobile", post: "no address" };
const CONSENT = { unknown: "not asked", "pending-confirmation": "pending", "not-yet-effective": "not yet" };
const WHY_NOT = { restricted: "restricted", "suppression-list": "suppressed", "open-ticket": "critical ticket" };

export const namesOf = (view) => new Map(view.people.map((one) => [one.contact_id, one.name ?? "Unnamed"]));

export function peopleCard(view) {
  return card("people", "People", plural(view.people.length, "person", "people"),
    rows(view.people, (one) => person(one, view.people.length <= 2 || one.is_primary), "Nobody is known by name yet."));
}
function person(one, isOpen) {
  const role = dotted(one.role && words(one.role), one.job_title, one.department);
  return h("li", {},
    h("div", { class: "row" },
      h("h3", {}, keyed(`p:${one.contact_id}`, "span", {}, one.name ?? "Unnamed"), " ", one.is_primary ? chip("primary", "good") : null,
        one.left ? chip("left", "warn") : null,
        one.record_status && one.record_status !== "active" ? chip(words(one.record_status), "warn") : null),
      h("span", { class: "soft small" }, role)),
    one.points.map(point), one.postal_points.map(postalPoint),
    one.key_dates.map((date) => row("small", [date.year, date.month_day].filter(Boolean).join("-"), words(date.kind))),
    one.suppressions.map((each) => suppression(one, each)),
    folded(`may:${one.contact_id}`, mayBeContacted(one), isOpen, matrix(one), said(one)));
}
function point(one) {
  const isUsed = one.status === "active";
  return h("div", { class: "row small" },
    h("span", {}, one.value, " ", one.verified_at
      ? h("span", { class: "verified", title: `verified ${at(one.verified_at)}` }, "✓ verified") : null),
    h("span", { class: isUsed ? "soft" : "no" }, dotted(one.type, one.is_primary && "primary", !isUsed && words(one.status))));
}
function postalPoint(one) {
  const place = [one.postal_code, one.locality].filter(Boolean).join(" ");
  const isUsed = one.status === "active";
  return h("div", { class: "row small" },
    h("span", {}, [...one.lines, place, one.region, one.country].filter(Boolean).join(", ")),
    h("span", { class: isUsed ? "soft" : "no" }, dotted("post", one.is_primary && "primary", !isUsed && words(one.status))));
}
const suppression = (one, each) =>
  keyed(`suppressed:${one.contact_id}:${each.suppression_id}`, "div", { class: "row small" },
    h("span", { class: "no" }, `${CHANNELS[each.channel] ?? each.channel} is suppressed for ${each.scope === "all" ? "everything" : words(each.scope)}`),
    h("span", { class: "soft" }, words(each.reason_code ?? "manual")));

// ---- may I, now? -------------------------------------------------------------------------------

function answersOf(one) {
  const pairs = Object.keys(one.contactable_now).map((pair) => pair.split(":"));
  return {
    channels: [...new Set(pairs.map(([channel]) => channel))],
    purposes: [...new Set(pairs.map(([, purpose]) => purpose))],
    of: (channel, purpose) => one.contactable_now[`${channel}:${purpose}`],
  };
}
function mayBeContacted(one) {
  const { channels, purposes, of } = answersOf(one);
  const open = channels.map((channel) => [channel, purposes.filter((purpose) => of(channel, purpose)?.ok)])
    .filter(([, allowed]) => allowed.length);
  if (!open.length) return h("span", { class: "no" }, "May not be contacted now");
  const told = open.map(([channel, allowed]) => `${CHANNELS[channel] ?? channel}: ${allowed.map(words).join(", ")}`);
  return h("span", {}, h("span", { class: "yes" }, "✓ "), told.join(" · "));
}
function whyNot(channel, answer) {
  if (answer.reason === "no-point") return NO_POINT[channel] ?? "no address";
  if (answer.reason !== "consent") return WHY_NOT[answer.reason] ?? words(answer.reason);
  return CONSENT[answer.because] ?? words(answer.because);
}
function matrix(one) {
  const { channels, purposes, of } = answersOf(one);
  const cell = (channel, purpose) => {
    const answer = of(channel, purpose);
    const isUnknown = answer.because === "unknown";
    return keyed(`may:${one.contact_id}:${channel}:${purpose}`, "td", {
      class: answer.ok ? "yes" : isUnknown ? "soft" : "no",
      title: answer.because && answer.reason !== "consent" ? words(answer.because) : null,
    }, answer.ok ? "✓ yes" : whyNot(channel, answer));
  };
  const all = new Set(Object.values(one.contactable_now).map((answer) => answer.reason + answer.because));
  if (all.size === 1 && !of(channels[0], purposes[0]).ok) {
    return h("p", { class: "small soft" }, `On no channel and for no purpose: ${whyNot(channels[0], of(channels[0], purposes[0]))}.`);
  }
  return h("table", { class: "may" },
    h("caption", { class: "hidden" }, `May I contact ${one.name ?? "this person"} now?`),
    heads(["May I, now?", ...channels.map((channel) => CHANNELS[channel] ?? channel)]),
    h("tbody", {}, purposes.map((purpose) => h("tr", {},
      h("th", { scope: "row" }, capital(words(purpose))), channels.map((channel) => cell(channel, purpose))))));
}

// ---- what was said -----------------------------------------------------------------------------

const TONE = { granted: "yes", denied: "no", withdrawn: "no", expired: "no" };
function said(one) {
  if (!one.consents.length) return h("p", { class: "empty small" }, "Nothing was said about consent yet.");
  const { channels, purposes } = answersOf(one);
  const place = (consent) => channels.indexOf(consent.channel) * 100 + purposes.indexOf(consent.purpose);
  return h("table", { class: "said" },
    h("caption", { class: "hidden" }, `What ${one.name ?? "this person"} said about consent`),
    heads(["Consent", "Status", "Lawful basis", "Source"]),
    h("tbody", {}, [...one.consents].sort((a, b) => place(a) - place(b)).map((consent) => h("tr", {},
      h("th", { scope: "row" }, `${CHANNELS[consent.channel] ?? consent.channel}, ${words(consent.purpose)}`),
      keyed(`consent:${one.contact_id}:${consent.channel}:${consent.purpose}`, "td", {},
        h("span", { class: TONE[consent.status] ?? "" }, words(consent.status)),
        " ", times(consent).map((time) => [h("span", { class: "soft whole" }, time), " "])),
      h("td", {}, words(consent.lawful_basis) || "–"),
      h("td", {}, [words(consent.source) || "–", consent.double_opt_in && "confirmed by mail"].filter(Boolean).join(", "))))));
}
const times = (consent) => [on(consent.since), ...(consent.status !== "granted" ? [] : [
  consent.effective_from > consent.since && `from ${on(consent.effective_from)}`,
  consent.expires_at && `until ${on(consent.expires_at)}`])].filter(Boolean);

// ---- what belongs to people --------------------------------------------------------------------

export function householdsCard(view) {
  if (!view.households.length) return null;
  const here = namesOf(view);
  return card("households", view.households.length === 1 ? "Household" : "Households", null, rows(view.households, (home) => h("li", {},
    home.members.map((one) => h("div", { class: "row small" },
      keyed(`lives:${home.household_id}:${one.contact_id}`, "span", { class: here.has(one.contact_id) ? "strong" : "" }, one.name ?? "Unnamed"),
      one.is_head ? chip("head", "good") : h("span", { class: "soft" }, here.has(one.contact_id) ? "" : "of no person here"))))));
}

export function preferencesCard(view) {
  if (!view.preferences.length) return null;
  const names = namesOf(view);
  return card("preferences", "Preferences", null, rows(view.preferences, (liked) => h("li", {}, h("div", { class: "row small" },
    keyed(`liked:${liked.preference_id}`, "span", {}, `${capital(words(liked.key))}: ${words(liked.value_code)}`),
    h("span", { class: "soft" }, dotted(names.get(liked.contact_id), `${Math.round(Number(liked.confidence) * 100)} % sure`))))));
}

const ASKED = { erasure: "Wants to be forgotten", export: "Asks what is held", restriction: "Data must not be processed" };
export function privacyCard(view) {
  const { open } = view.privacy;
  if (!open.length) return null;
  const names = namesOf(view);
  return card("privacy", "Privacy", plural(open.length, "open request"), rows(open, (one) => h("li", {},
    h("div", { class: "row" },
      keyed(`privacy:${one.request_id}`, "span", { class: "strong" }, ASKED[one.kind] ?? capital(words(one.kind))),
      chip(words(one.status), "warn")),
    h("div", { class: "soft small" }, dotted(
      one.contact_ids.map((id) => names.get(id) ?? short(id)).join(", "),
      `since ${at(one.since)}`, one.deadline_at && `due ${on(one.deadline_at)}`)))));
}
