"""What must have followed from what: each reaction of the choreography, exactly once."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from pipeline.tickets.domain import Ticket, TicketFact, begun, evolve
from shared.contracts import campaigns as c
from shared.contracts import contacts as k
from shared.contracts import pipeline as p
from shared.contracts import service_desk as s
from shared.ids import derived_id
from shared.messaging.envelope import Received

from tests.faults.expected_ends import commitments, mails_of_messages, payments, promises
from tests.faults.holdings import Holdings
from tests.faults.log import Log
from tests.faults.merging import meaning_of, merging_of


def judge_reactions(log: Log, held: Holdings, mails: Iterable[str], now: datetime) -> list[str]:
    """Every reaction that is missing, doubled or unfounded, one sentence each."""
    return [
        *_forms(log, held),
        *_responses(log, held),
        *_conversions(log),
        *_lifecycles(log, held),
        *_onboardings(log),
        *_escalations(log),
        *_attributions(log),
        *_opt_outs(log),
        *_risks(log, held),
        *_surveys(log),
        *_interactions(log),
        *promises(log, now),
        *commitments(log, now),
        *payments(log, now),
        *mails_of_messages(log, held, mails),
    ]


def _forms(log: Log, held: Holdings) -> Iterator[str]:
    links = Counter(
        r.event.identifier
        for r in log.facts(k.IdentityLinked)
        if r.event.identifier_type == "submission"
    )
    created = Counter(
        r.event.submission_id for r in log.facts(p.LeadCreated) if r.event.submission_id
    )
    intakes = held.by("pipeline", "lead_intakes", "intake_id")
    leads = held.by("pipeline", "leads", "lead_id")
    granted = {
        (r.event.contact_id, r.event.channel, r.event.purpose) for r in log.facts(k.ConsentGranted)
    }
    people = {r.event.identifier: r.event.contact_id for r in log.facts(k.IdentityLinked)}
    for received in log.facts(c.FormState):
        form = received.event
        sid = form.submission_id
        if links[str(sid)] != 1:
            yield f"submission {sid} was linked to {links[str(sid)]} people"
        for ticked in form.consents:
            if (people.get(str(sid)), ticked.channel, ticked.purpose) not in granted:
                yield f"submission {sid}: the consent {ticked.channel}/{ticked.purpose} is not kept"
        if form.kind != "contact-request":
            continue
        intake = intakes.get(sid)
        if intake is None or intake["lead_id"] not in leads:
            yield f"submission {sid} became no lead"
        elif created[sid] != (intake["lead_id"] == derived_id(sid, "lead")):
            yield f"submission {sid} became {created[sid]} leads"
    submitted = {r.event.submission_id for r in log.facts(c.FormSubmitted)}
    for sid in submitted ^ {r.event.submission_id for r in log.facts(c.FormState)}:
        yield f"submission {sid} has only one of its two facts"


def _responses(log: Log, held: Holdings) -> Iterator[str]:
    """Each response is counted once: a lead's points are those of its intakes and responses."""
    counted = held.by("pipeline", "lead_responses", "response_id")
    recorded = {r.event.response_id for r in log.facts(c.ResponseRecorded)}
    for response_id in recorded - counted.keys():
        yield f"response {response_id} was not counted towards any score"
    for response_id in counted.keys() - recorded:
        yield f"response {response_id} was counted and is not on its topic"


def _conversions(log: Log) -> Iterator[str]:
    created = Counter(r.event.customer_id for r in log.facts(k.CustomerCreated))
    members = {
        (r.event.contact_id, part.customer_id)
        for r in log.newest(k.ContactState).values()
        for part in r.event.memberships
    }
    opened = Counter(r.event.lead_id for r in log.facts(p.DealOpened) if r.event.lead_id)
    for received in log.facts(p.LeadConverted):
        lead = received.event
        if (times := created[lead.customer_id]) != 1:
            yield f"lead {lead.lead_id} made customer {lead.customer_id} {times} times"
        if (lead.contact_id, lead.customer_id) not in members:
            yield f"lead {lead.lead_id}: {lead.contact_id} is no member of {lead.customer_id}"
        if lead.deal_id and opened[lead.lead_id] != 1:
            yield f"lead {lead.lead_id} opened {opened[lead.lead_id]} deals"


def _wins(log: Log) -> dict[UUID, list[Any]]:
    """Per deal, its wins and the reopenings after a win, in order."""
    turns: dict[UUID, list[Any]] = defaultdict(list)
    for received in log.facts(p.DealWon, p.DealReopened):
        if getattr(received.event, "from_status", "won") == "won":
            turns[received.event.deal_id].append(received.event)
    return turns


def _lifecycles(log: Log, held: Holdings) -> Iterator[str]:
    """The load moves nobody by hand: a customer is who has a won deal or an order.

    Whoever won it is meant, and whoever that is now: what was won under the name of the one that
    stays is not taken from it when they are parted.
    """
    meaning = meaning_of(log)
    buyers = {r.event.customer_id for r in log.facts(p.OrderConfirmed)}
    buyers |= {t[-1].customer_id for t in _wins(log).values() if isinstance(t[-1], p.DealWon)}
    buyers = {meaning.now(customer_id) for customer_id in buyers}
    for row in held.of("contacts", "customers"):
        if row["record_status"] == "merged":
            continue  # it stands where it stood, until it is parted
        wanted = "customer" if row["customer_id"] in buyers else "prospect"
        if row["lifecycle"] != wanted:
            yield f"customer {row['customer_id']} is a {row['lifecycle']} and should be a {wanted}"
    moves: dict[UUID, list[k.CustomerLifecycleChanged]] = defaultdict(list)
    for received in log.facts(k.CustomerLifecycleChanged):
        moves[received.event.customer_id].append(received.event)
    for customer_id, facts in moves.items():
        for before, after in pairwise(facts):
            if before.to_lifecycle != after.from_lifecycle:
                yield f"customer {customer_id} left {after.from_lifecycle} without being in it"


def _onboardings(log: Log) -> Iterator[str]:
    opened: dict[UUID, list[UUID]] = defaultdict(list)
    for received in log.facts(s.TicketOpened):
        if received.event.ticket_type == "onboarding":
            opened[received.event.source_id].append(received.event.ticket_id)
    cancelled = {r.event.ticket_id for r in log.facts(s.TicketCancelled)}
    turns = _wins(log)
    for deal_id in turns.keys() | opened.keys():
        facts = turns.get(deal_id, [])
        wins = [f for f in facts if isinstance(f, p.DealWon) and f.requires_onboarding]
        tickets = opened.get(deal_id, [])
        if len(tickets) != len(wins):
            had = f"{len(wins)} wins and {len(tickets)} onboarding tickets"
            yield f"deal {deal_id} had {had}"
        if tickets and derived_id(deal_id, "onboarding") not in tickets:
            yield f"deal {deal_id}: its first onboarding ticket has a strange id"
        last = facts[-1] if facts else None
        live = isinstance(last, p.DealWon) and last.requires_onboarding
        if len(set(tickets) - cancelled) != live:
            yield f"deal {deal_id} should have {int(live)} onboarding tickets open: {tickets}"


def _escalations(log: Log) -> Iterator[str]:
    """Each promise that is broken has its ticket, and no other promise has one."""
    opened = Counter(
        r.event.ticket_id for r in log.facts(s.TicketOpened) if r.event.ticket_type == "escalation"
    )
    wanted = {
        derived_id(r.event.commitment_id, "escalation"): r.event.commitment_id
        for r in log.facts(p.CommitmentBroken)
    }
    for ticket_id in wanted.keys() | opened.keys():
        if ticket_id not in wanted or opened[ticket_id] != 1:
            yield f"promise {wanted.get(ticket_id)} was escalated {opened[ticket_id]} times"


def _attributions(log: Log) -> Iterator[str]:
    shared: dict[UUID, list[c.AttributionComputed]] = defaultdict(list)
    for received in log.facts(c.AttributionComputed):
        shared[received.event.deal_id].append(received.event)
    turns = _wins(log)
    for deal_id in turns.keys() | shared.keys():
        facts, answers = turns.get(deal_id, []), shared.get(deal_id, [])
        amounts = [getattr(fact, "amount", 0) for fact in facts]
        if [answer.amount for answer in answers] != amounts:
            told = [str(answer.amount) for answer in answers]
            yield f"deal {deal_id} was attributed {told}, and its turns are worth {amounts}"
        for answer in answers:
            if answer.touches and sum(touch.weight for touch in answer.touches) != 1:
                yield f"deal {deal_id}: the weights do not sum to 1"


def _opt_outs(log: Log) -> Iterator[str]:
    meaning = meaning_of(log)
    added = Counter((r.event.subject_hash, r.event.scope) for r in log.facts(k.SuppressionAdded))
    consents: dict[tuple[UUID, str], set[str]] = defaultdict(set)
    for received in log.facts(k.ConsentGranted, k.ConsentDenied, k.ConsentWithdrawn):
        event = received.event
        if event.purpose == "marketing":
            consents[event.contact_id, event.channel] = {type(event).__name__}
    for received in log.facts(c.MessageUnsubscribed):
        event = received.event
        if (times := added[event.subject_hash, event.scope]) != 1:
            yield f"message {event.message_id}: its opt-out suppressed {times} times"
        if consents[meaning.now(event.contact_id), event.channel] == {"ConsentGranted"}:
            yield f"message {event.message_id}: the consent of {event.contact_id} is still granted"
    caused = {e.envelope.event_id: e.causation for e in log.entries[k.CONSENT_EVENTS.name]}
    withdrawn = Counter(
        (caused[r.envelope.event_id], r.event.contact_id, r.event.purpose)
        for r in log.facts(k.ConsentWithdrawn)
    )
    for (opt_out, contact_id, purpose), times in withdrawn.items():
        if opt_out is not None and times > 1:
            what = f"the consent of {contact_id} for {purpose}"
            yield f"opt-out {opt_out}: {what} was withdrawn {times} times"


def _risks(log: Log, held: Holdings) -> Iterator[str]:
    """Each open deal is flagged for just the dangers that its customer's tickets are now."""
    tickets, meaning = _tickets(log), meaning_of(log)
    dangers: dict[UUID, set[tuple[str, UUID]]] = defaultdict(set)
    for ticket in tickets.values():
        theirs = {(code, ticket.ticket_id) for code in ticket.dangers()}
        dangers[meaning.now(ticket.customer_id)] |= theirs
    flags: dict[UUID, Counter[tuple[str, UUID | None]]] = defaultdict(Counter)
    for received in log.facts(p.DealRiskFlagged, p.DealRiskCleared):
        event = received.event
        flag = event.code, event.cause_id
        flags[event.deal_id][flag] += 1 if isinstance(event, p.DealRiskFlagged) else -1
        if flags[event.deal_id][flag] not in {0, 1}:
            yield f"deal {event.deal_id}: {flag} was flagged or cleared twice in a row"
    for row in held.of("pipeline", "deals"):
        if row["status"] != "open":
            continue
        now = {flag for flag, count in flags[row["deal_id"]].items() if count > 0}
        shown = {flag for flag in now if flag[0] in {"open-critical-ticket", "sla-breached"}}
        wanted = dangers[row["customer_id"]]
        if shown != wanted:
            yield (
                f"deal {row['deal_id']} is flagged for {sorted(map(str, shown))},"
                f" and its customer's tickets mean {sorted(map(str, wanted))}"
            )


def _tickets(log: Log) -> dict[UUID, Ticket]:
    """Tickets as pipeline ought to know them, whichever of the two topics is read first."""
    facts: Iterable[Received[TicketFact]] = log.facts(
        s.TicketOpened,
        s.TicketPriorityChanged,
        s.TicketResolved,
        s.TicketCancelled,
        s.TicketClosed,
        s.TicketReopened,
        s.ClockBreached,
    )
    tickets: dict[UUID, Ticket] = {}
    for received in sorted(facts, key=lambda r: r.envelope.version):
        event, at = received.event, received.envelope.time
        tickets[event.ticket_id] = evolve(tickets.get(event.ticket_id) or begun(event), event, at)
    return tickets


def _surveys(log: Log) -> Iterator[str]:
    """A person is asked after the first ticket resolved for them, and then left in peace.

    Of people who were merged once or more one at least is asked, and none of them twice.
    """
    families = merging_of(log).families()
    resolved = {r.event.contact_id for r in log.facts(s.TicketResolved) if r.event.contact_id}
    asked = Counter(r.event.contact_id for r in log.facts(s.SurveySent))
    for contact_id in resolved | asked.keys():
        family = families.get(contact_id, {contact_id})
        is_owed = bool(family & resolved)
        least = is_owed if not any(asked[other] for other in family - {contact_id}) else 0
        if not least <= asked[contact_id] <= is_owed:
            yield f"person {contact_id} was asked {asked[contact_id]} times how it was"


def _interactions(log: Log) -> Iterator[str]:
    """Each ticket, and each response of somebody who is known, is one interaction."""
    noted = Counter(
        r.event.related_id for r in log.facts(k.InteractionRecorded) if r.event.source != "person"
    )
    wanted = {r.event.ticket_id for r in log.facts(s.TicketOpened)} | {
        r.event.response_id
        for r in log.facts(c.ResponseRecorded)
        if r.event.customer_id or r.event.contact_id
    }
    for related_id in wanted | noted.keys():
        if (times := noted[related_id]) != (related_id in wanted):
            yield f"{related_id} was noted as an interaction {times} times"
