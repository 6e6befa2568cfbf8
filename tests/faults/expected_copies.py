"""What services must hold of others' facts, and of their own: folded from the log in memory."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from campaigns.audience.domain import person_of
from pipeline.orders.domain import order_id_of
from shared.contracts import campaigns as c
from shared.contracts import contacts as k
from shared.contracts import pipeline as p
from shared.contracts import service_desk as s
from shared.contracts.external import ErpOrderChanged
from shared.contracts.topic import Event, Topic

from tests.faults.canonical import differences
from tests.faults.holdings import Holdings, Row
from tests.faults.log import Log
from tests.faults.merging import Meaning, merging_of

OWN: tuple[tuple[str, str, str, Topic], ...] = (
    ("contacts", "customers", "customer_id", k.CUSTOMER_EVENTS),
    ("contacts", "customers", "customer_id", k.CUSTOMER_STATE),
    ("contacts", "people", "contact_id", k.CONTACT_EVENTS),
    ("contacts", "people", "contact_id", k.CONTACT_STATE),
    ("contacts", "consents", "consent_id", k.CONSENT_EVENTS),
    ("contacts", "suppressions", "suppression_id", k.SUPPRESSION_EVENTS),
    ("contacts", "identity_links", "link_id", k.IDENTITY_EVENTS),
    ("contacts", "imports", "import_id", k.IMPORT_EVENTS),
    ("contacts", "interactions", "interaction_id", k.INTERACTION_EVENTS),
    ("contacts", "households", "household_id", k.HOUSEHOLD_EVENTS),
    ("contacts", "households", "household_id", k.HOUSEHOLD_STATE),
    ("contacts", "partners", "partner_id", k.PARTNER_EVENTS),
    ("contacts", "privacy_requests", "request_id", k.PRIVACY_EVENTS),
    ("contacts", "handovers", "handover_id", k.HANDOVER_EVENTS),
    ("pipeline", "deals", "deal_id", p.DEAL_EVENTS),
    ("pipeline", "deals", "deal_id", p.DEAL_STATE),
    ("pipeline", "commitments", "commitment_id", p.COMMITMENT_EVENTS),
    ("pipeline", "commitments", "commitment_id", p.COMMITMENT_STATE),
    ("pipeline", "leads", "lead_id", p.LEAD_EVENTS),
    ("pipeline", "leads", "lead_id", p.LEAD_STATE),
    ("pipeline", "orders", "order_id", p.ORDER_EVENTS),
    ("pipeline", "orders", "order_id", p.ORDER_STATE),
    ("service-desk", "tickets", "ticket_id", s.TICKET_EVENTS),
    ("service-desk", "tickets", "ticket_id", s.TICKET_STATE),
    ("service-desk", "clocks", "clock_id", s.CLOCK_EVENTS),
    ("service-desk", "surveys", "survey_id", s.SURVEY_EVENTS),
    ("campaigns", "campaigns", "campaign_id", c.CAMPAIGN_EVENTS),
    ("campaigns", "campaigns", "campaign_id", c.CAMPAIGN_STATE),
    ("campaigns", "messages", "message_id", c.MESSAGE_EVENTS),
    ("campaigns", "segment_members", "member_id", c.MEMBER_EVENTS),
    ("campaigns", "attributions", "deal_id", c.ATTRIBUTION_EVENTS),
)
"""Own aggregates: the version of the row is the newest that its topics have."""


def judge_copies(log: Log, held: Holdings, hash_key: str) -> list[str]:
    """Every difference, one sentence each."""
    faults: list[str] = []
    for service, table, key, topic in OWN:
        faults += _judge_own(log, held.of(service, table), (service, table, key), topic)
    for what, wanted, rows in _copies(log, held, hash_key):
        columns = next(iter(wanted.values())).keys() if wanted else ()
        shown = {name: {c: row[c] for c in columns} for name, row in rows.items()}
        faults += differences(what, wanted, shown)
    return faults


def _judge_own(
    log: Log, rows: Iterable[Row], names: tuple[str, str, str], topic: Topic
) -> list[str]:
    service, table, key = names
    newest: dict[str, int] = {}
    for entry in log.entries[topic.name]:
        envelope = entry.envelope
        newest[envelope.key] = max(newest.get(envelope.key, 0), envelope.version)
    held = {str(row[key]): row["version"] for row in rows if row["version"]}
    return differences(f"version of {service}.{table} on {topic.name}", newest, held)


Wanted = Mapping[Any, Mapping[str, Any]]


def _copies(
    log: Log, held: Holdings, hash_key: str
) -> Iterable[tuple[str, Wanted, Mapping[Any, Row]]]:
    customers = log.newest(k.CustomerState)
    erased = log.ended(k.CONTACT_STATE)
    forgotten = log.ended(k.CUSTOMER_STATE)  # campaigns may have been told to before it knew them
    yield (
        "pipeline.customers",
        {
            UUID(key): {
                "version": r.envelope.version,
                "lifecycle": r.event.lifecycle,
                "owner_id": r.event.owner_id,
            }
            for key, r in customers.items()
        },
        held.by("pipeline", "customers", "customer_id"),
    )
    yield (
        "pipeline.customer_refs",
        {
            (named.system, named.id): {"customer_id": r.event.customer_id}
            for r in customers.values()
            for named in r.event.external_ids
        },
        {
            (row["system"], row["ref"]): row
            for row in held.of("pipeline", "customer_refs")
            if row["customer_id"] is not None
        },
    )
    yield (
        "pipeline.customer_ref_claims",
        {
            (named.system, named.id, r.event.customer_id): {"ref": named.id}
            for r in customers.values()
            for named in r.event.external_ids
        },
        {
            (row["system"], row["ref"], row["customer_id"]): row
            for row in held.of("pipeline", "customer_ref_claims")
        },
    )
    yield "pipeline.orders", _orders(log), held.by("pipeline", "orders", "order_id")
    yield (
        "campaigns.customers",
        {
            UUID(key): {
                "version": r.envelope.version,
                "kind": r.event.kind,
                "lifecycle": r.event.lifecycle,
                "region": r.event.region,
                "industry": r.event.industry,
                "tags": list(r.event.tags),
                "grade": r.event.grading.grade if r.event.grading else None,
            }
            for key, r in customers.items()
            if UUID(key) not in forgotten
        },
        {
            key: row
            for key, row in held.by("campaigns", "customers", "customer_id").items()
            if key not in forgotten
        },
    )
    yield from _people(log, held, hash_key)
    yield "campaigns.orders", _campaign_orders(log), held.by("campaigns", "orders", "order_id")
    yield "campaigns.tickets", _campaign_tickets(log), held.by("campaigns", "tickets", "ticket_id")
    won = _won_deals(log, p.DealWon, p.DealReopened, p.DealRepointed)
    yield "campaigns.won_deals", won, held.by("campaigns", "won_deals", "deal_id")
    yield (
        "campaigns.consents",
        _consents(log),
        {
            (row["contact_id"], row["channel"], row["purpose"]): row
            for row in held.of("campaigns", "consents")
            if row["contact_id"] not in erased
        },
    )
    yield (
        "campaigns.suppressions",
        _suppressions(log),
        held.by("campaigns", "suppressions", "suppression_id"),
    )
    yield (
        "contacts.won_deals",
        {
            key: {"customer_id": deal["customer_id"], "won_at": deal["won_at"]}
            for key, deal in _won_deals(log, p.DealWon, p.DealReopened).items()
            if deal["is_won"]
        },
        held.by("contacts", "won_deals", "deal_id"),
    )
    yield (
        "contacts.first_orders",
        {
            r.event.customer_id: {"customer_id": r.event.customer_id}
            for r in log.facts(p.OrderConfirmed)
        },
        held.by("contacts", "first_orders", "customer_id"),
    )


def _orders(log: Log) -> Wanted:
    """The highest revision of each order whose customer is known by that name.

    It is whoever's the name is now. Who was merged with others may have taken an order with the
    name of another of them, and keeps it when they are parted.
    """
    refs = {
        (named.system, named.id): r.event.customer_id
        for r in log.newest(k.CustomerState).values()
        for named in r.event.external_ids
    }
    merging = merging_of(log)
    families, meaning = merging.families(), Meaning(merging.into)
    first = {r.event.order_id: r.event.customer_id for r in log.facts(p.OrderConfirmed)}

    def owner(order_id: UUID, named: UUID) -> UUID:
        confirmed = first.get(order_id, named)
        return meaning.now(confirmed) if confirmed in families.get(named, ()) else named

    newest: dict[UUID, ErpOrderChanged] = {}
    for received in log.facts(ErpOrderChanged):
        seen = received.event
        known = newest.get(order_id_of(seen))
        if known is None or known.revision < seen.revision:
            newest[order_id_of(seen)] = seen
    owners = {
        order_id: owner(order_id, refs[ref])
        for order_id, seen in newest.items()
        if (ref := (seen.customer_system, seen.customer_ref)) in refs
    }
    return {
        order_id: {
            "external_ref": seen.order_no,
            "customer_id": owners[order_id],
            "revision": seen.revision,
            "status": seen.status,
            "total": seen.total,
            "currency": seen.currency,
        }
        for order_id, seen in newest.items()
        if order_id in owners
    }


def _people(
    log: Log, held: Holdings, hash_key: str
) -> Iterable[tuple[str, Wanted, Mapping[Any, Row]]]:
    people: dict[UUID, dict[str, Any]] = {}
    memberships: dict[tuple[UUID, UUID], dict[str, Any]] = {}
    for received in log.newest(k.ContactState).values():
        if received.event.contact_id in log.ended(k.CONTACT_STATE):
            continue
        person = person_of(received.event, hash_key)
        people[person.contact_id] = {
            "version": received.envelope.version,
            "given_name": person.given_name,
            "family_name": person.family_name,
            "email": person.email,
            "subject_hash": person.subject_hash,
        }
        for part in received.event.memberships:
            if part.until is None:
                memberships[person.contact_id, part.customer_id] = {"is_primary": part.is_primary}
    yield "campaigns.people", people, held.by("campaigns", "people", "contact_id")
    rows = {(r["contact_id"], r["customer_id"]): r for r in held.of("campaigns", "memberships")}
    yield "campaigns.memberships", memberships, rows


Step = Callable[[dict[str, Any], Any], dict[str, Any]]


def _folded(log: Log, key: str, *facts: type[Event], step: Step) -> dict[UUID, dict[str, Any]]:
    rows: dict[UUID, dict[str, Any]] = {}
    for received in log.facts(*facts):
        aggregate_id = getattr(received.event, key)
        row = {**rows.get(aggregate_id, {}), "version": received.envelope.version}
        rows[aggregate_id] = {**row, **step(row, received)}
    return rows


def _campaign_orders(log: Log) -> Wanted:
    def step(row: dict[str, Any], received: Any) -> dict[str, Any]:
        event = received.event
        is_cancelled = row.get("is_cancelled", False)
        if isinstance(event, p.OrderStatusChanged):
            is_cancelled = event.to_status == "cancelled"
        return {
            "customer_id": event.customer_id,
            "total": event.total,
            "currency": event.currency,
            "is_cancelled": is_cancelled,
        }

    facts = (p.OrderConfirmed, p.OrderStatusChanged, p.OrderRevised, p.OrderRepointed)
    return _folded(log, "order_id", *facts, step=step)


def _campaign_tickets(log: Log) -> Wanted:
    def step(row: dict[str, Any], received: Any) -> dict[str, Any]:
        event, time = received.event, received.envelope.time
        known = {"customer_id": event.customer_id}
        match event:
            case s.TicketOpened() | s.TicketReopened():
                return {**known, "severity": event.severity, "is_open": True, "ended_at": None}
            case s.TicketPriorityChanged():
                is_open = event.status not in {"resolved", "closed", "cancelled"}
                ended = None if is_open else time
                return {
                    **known,
                    "severity": event.to_severity,
                    "is_open": is_open,
                    "ended_at": ended,
                }
            case s.TicketResolved():
                ended = event.resolved_at
            case s.TicketCancelled():
                ended = time
            case s.TicketRepointed():
                return known
            case _:
                return {"is_open": False, "ended_at": row["ended_at"] or time}
        return {**known, "severity": event.severity, "is_open": False, "ended_at": ended}

    facts = (
        s.TicketOpened,
        s.TicketReopened,
        s.TicketPriorityChanged,
        s.TicketResolved,
        s.TicketCancelled,
        s.TicketClosed,
        s.TicketRepointed,
    )
    return _folded(log, "ticket_id", *facts, step=step)


def _won_deals(log: Log, *facts: type[Event]) -> dict[UUID, dict[str, Any]]:
    def step(received: Any) -> dict[str, Any]:
        event = received.event
        if isinstance(event, p.DealReopened):
            return {"is_won": False}
        if isinstance(event, p.DealRepointed):
            return {"customer_id": event.customer_id}
        return {"customer_id": event.customer_id, "is_won": True, "won_at": event.won_at}

    won = {r.event.deal_id for r in log.facts(p.DealWon)}
    rows: dict[UUID, dict[str, Any]] = {}
    for received in log.facts(*facts):
        event = received.event
        if event.deal_id not in won or getattr(event, "from_status", "won") != "won":
            continue
        if isinstance(event, p.DealRepointed) and event.deal_id not in rows:
            continue  # it is not won yet
        row = {**rows.get(event.deal_id, {}), "version": received.envelope.version}
        rows[event.deal_id] = {**row, **step(received)}
    return rows


def _consents(log: Log) -> Wanted:
    erased = log.ended(k.CONTACT_STATE)
    statuses = {
        k.ConsentGranted: "granted",
        k.ConsentConfirmationRequested: "pending-confirmation",
        k.ConsentDenied: "denied",
        k.ConsentWithdrawn: "withdrawn",
        k.ConsentExpired: "expired",
    }
    return {
        (r.event.contact_id, r.event.channel, r.event.purpose): {
            "version": r.envelope.version,
            "status": statuses[type(r.event)],
        }
        for r in log.facts(*statuses)
        if r.event.contact_id not in erased
    }


def _suppressions(log: Log) -> Wanted:
    return {
        r.event.suppression_id: {
            "version": r.envelope.version,
            "subject_hash": r.event.subject_hash,
            "channel": r.event.channel,
            "is_active": isinstance(r.event, k.SuppressionAdded),
        }
        for r in log.facts(k.SuppressionAdded, k.SuppressionLifted)
    }
