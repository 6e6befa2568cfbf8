"""What customer-360 computes of a person: the figures of an individual customer, who may write.

Codes, amounts and times; who among us decided is not told.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from shared.access_requests import Part
from shared.contracts.contacts import Credit, ExportRequested, Grading
from shared.db import Connection

from customer_360.alerts.derive import (
    Alert,
    address_alerts,
    consent_alerts,
    credit_alerts,
    duplicate_alerts,
)
from customer_360.contactability.gate import Contactable, consents_of, contactable_now
from customer_360.customers.fold import Customer
from customer_360.duplicates.store import DUPLICATES
from customer_360.people.store import CONSENTS, CONTACTS, SUPPRESSIONS, list_customers_of
from customer_360.privacy_requests.store import PRIVACY_REQUESTS
from customer_360.profiles.figures import Basis, Yardstick, figures_of, open_alerts, rfm_of
from customer_360.profiles.loading import hold_projection, load_bases, load_yardstick
from customer_360.tickets.fold import CRITICAL
from customer_360.tickets.store import TICKETS
from customer_360.touches.store import MESSAGES

Rows = list[dict[str, Any]]

_OPEN_CASES = DUPLICATES.select(
    "(first_id = ANY($1::uuid[]) OR second_id = ANY($1::uuid[])) AND status = 'open'"
)
_CRITICAL = TICKETS.select(f"customer_id = ANY($1::uuid[]) AND severity <= {CRITICAL}")
_HELD_BACK = MESSAGES.select("contact_id = ANY($1::uuid[]) AND status = 'suppressed'")
_RESTRICTING = PRIVACY_REQUESTS.select(
    "contact_ids ?| $1::text[] AND status NOT IN ('completed', 'rejected')"
)
_SUPPRESSED = SUPPRESSIONS.select("is_active AND subject_hash = ANY($1::text[])")

_NOT_TOLD = {"customer_id", "kind", "lifecycle", "owner_id", "alerts"}
"""What stands elsewhere in the bundle, or names an employee."""


async def compute(connection: Connection, asked: ExportRequested) -> Part:
    """The sections, of one state of the projection."""
    await hold_projection(connection)
    bases = await load_bases(connection, asked.customer_ids)
    shown = [each for each in bases.values() if each.customer and not each.customer.merged_into]
    known = [each.customer for each in shown if each.customer]
    yardstick = await load_yardstick(connection)
    return {
        "figures": [_figures(each, yardstick) for each in shown],
        "grade": [_grade(each, each.grading) for each in known if each.grading],
        "credit": [_credit(each, each.credit) for each in known if each.credit],
        "alerts": _alerts(await _list_alerts(connection, asked, shown)),
        "contactability": await _contactability(connection, asked),
    }


def _figures(basis: Basis, yardstick: Yardstick) -> dict[str, Any]:
    """The published figures, and the scores of what was bought."""
    rfm = rfm_of(basis, yardstick)
    scores = asdict(rfm) if rfm else {}
    return {
        "customer_id": str(basis.customer_id),
        **figures_of(basis, yardstick).model_dump(mode="json", exclude={*_NOT_TOLD, "rfm_cell"}),
        "value_recency": scores.get("r"),
        "value_frequency": scores.get("f"),
        "value_money": scores.get("m"),
        "value_group": scores.get("cell"),
        "value_as_of": yardstick.today.isoformat(),
    }


def _grade(customer: Customer, grading: Grading) -> dict[str, Any]:
    told = _json(grading, {"components", "decided_by", "proposal"})
    return {
        "customer_id": str(customer.customer_id),
        **told,
        "parts": [_json(part) for part in grading.components],
        "proposed_grade": grading.proposal.grade if grading.proposal else None,
    }


def _credit(customer: Customer, credit: Credit) -> dict[str, Any]:
    hold = _json(credit.hold, {"placed_by"}) if credit.hold else None
    told = _json(credit, {"hold", "basis", "approved_by"})
    return {"customer_id": str(customer.customer_id), **told, "hold": hold}


async def _list_alerts(
    connection: Connection, asked: ExportRequested, bases: Sequence[Basis]
) -> list[Alert]:
    """What is raised because of the person, or of the individual customer."""
    ids = [*asked.contact_ids, *asked.customer_ids]
    cases = DUPLICATES.rows_of(await connection.fetch(_OPEN_CASES, ids))
    people = (await CONTACTS.load(connection, asked.contact_ids)).values()
    parts = (part for person in people for part in person.memberships)
    lost = address_alerts(people, {part.customer_id for part in parts})
    held_back = MESSAGES.rows_of(await connection.fetch(_HELD_BACK, asked.contact_ids))
    of_customers = [
        alert
        for basis in bases
        for alert in (
            *open_alerts(basis),
            *credit_alerts(basis.customer.credit if basis.customer else None),
        )
    ]
    return [*of_customers, *duplicate_alerts(cases), *lost, *consent_alerts(held_back)]


def _alerts(alerts: Iterable[Alert]) -> Rows:
    return [_json(alert, {"refs"}) for alert in alerts]


async def _contactability(connection: Connection, asked: ExportRequested) -> Rows:
    """Whether the person may be written to or called now, as every department is answered."""
    people = list((await CONTACTS.load(connection, asked.contact_ids)).values())
    consents = await CONSENTS.list_by(connection, "contact_id", asked.contact_ids)
    hashes = {each for person in people for each in person.subject_hashes}
    suppressions = SUPPRESSIONS.rows_of(await connection.fetch(_SUPPRESSED, list(hashes)))
    named = [str(contact_id) for contact_id in asked.contact_ids]
    requests = PRIVACY_REQUESTS.rows_of(await connection.fetch(_RESTRICTING, named))
    is_held = await _has_critical_ticket(connection, asked.contact_ids)
    now = datetime.now(UTC)
    return [
        {"contact_id": str(person.contact_id), **row}
        for person in people
        if person.merged_into is None
        for row in _answers(
            contactable_now(
                person,
                consents_of(person.contact_id, people, consents),
                suppressions,
                has_critical_ticket=is_held,
                is_restricted=any(each.restricts(person.contact_id) for each in requests),
                now=now,
            )
        )
    ]


def _answers(answers: Mapping[str, Contactable]) -> Iterator[dict[str, Any]]:
    for name, answer in answers.items():
        channel, _, purpose = name.partition(":")
        told = _json(answer)
        if answer.reason == "suppression-list":  # maybe another's word, of an address they share
            del told["because"]
        yield {"channel": channel, "purpose": purpose, **told}


async def _has_critical_ticket(connection: Connection, contact_ids: Collection[UUID]) -> bool:
    customer_ids = await list_customers_of(connection, contact_ids, ())
    tickets = TICKETS.rows_of(await connection.fetch(_CRITICAL, list(customer_ids)))
    return any(ticket.is_open for ticket in tickets)


def _json(value: BaseModel, left_out: Collection[str] = ()) -> dict[str, Any]:
    return value.model_dump(mode="json", exclude=set(left_out))
