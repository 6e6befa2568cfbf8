"""Privacy requests: the row that remains of their facts, and where the timeline shows them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from customer_360.privacy_requests.fold import PrivacyRequest, fold
from customer_360.timeline.items import item_of
from shared.contracts.contacts import (
    ErasureCompleted,
    ErasureRequested,
    ExportCompleted,
    ExportRequested,
    PrivacyRequestRejected,
    ProcessingRestricted,
    RestrictionLifted,
)
from shared.contracts.privacy import ANSWERING

from tests.unit.customer_360.received import received

AT = datetime(2026, 10, 23, 9, tzinfo=UTC)
DUE = datetime(2026, 11, 22, 9, tzinfo=UTC)
REQUEST, ADA, BOB, SHOP = (UUID(int=n) for n in (9, 1, 2, 3))


def row_of(*events: Any) -> PrivacyRequest:
    facts = [received(event, version, AT) for version, event in enumerate(events, 1)]
    [row] = fold.all({}, [*facts, *facts])  # told again
    return row


def restricted(contact_id: UUID, scope: str) -> ProcessingRestricted:
    return ProcessingRestricted(request_id=REQUEST, contact_id=contact_id, scope=scope)


def lifted(contact_id: UUID) -> RestrictionLifted:
    return RestrictionLifted(request_id=REQUEST, contact_id=contact_id)


ASKED = ErasureRequested(
    request_id=REQUEST,
    contact_ids=(ADA, BOB),
    customer_ids=(SHOP,),
    scope="person-and-customer",
    required_acks=ANSWERING,
    target_at=DUE,
    deadline_at=DUE,
)
DONE = ErasureCompleted(
    request_id=REQUEST,
    contact_ids=(ADA, BOB),
    customer_ids=(SHOP,),
    acks=ANSWERING,
    completed_at=AT,
)


def test_an_erasure_is_open_from_the_restriction_to_its_end() -> None:
    began = (restricted(ADA, "erasure"), restricted(BOB, "erasure"))
    received_row = row_of(*began)
    assert (received_row.kind, received_row.status) == ("erasure", "received")
    assert (received_row.contact_ids, received_row.since) == ((ADA, BOB), AT)
    under_way = row_of(*began, ASKED)
    assert (under_way.status, under_way.customer_ids, under_way.deadline_at) == (
        "in-progress",
        (SHOP,),
        DUE,
    )
    assert row_of(*began, ASKED, DONE).status == "completed"


def test_a_rejected_erasure_stays_rejected_when_its_restriction_is_lifted() -> None:
    rejected = PrivacyRequestRejected(
        request_id=REQUEST, kind="erasure", contact_ids=(ADA,), reason_code="unfounded"
    )
    row = row_of(restricted(ADA, "erasure"), rejected, lifted(ADA))
    assert (row.status, row.reason_code) == ("rejected", "unfounded")


def test_a_restriction_is_open_until_it_is_lifted() -> None:
    assert row_of(restricted(ADA, "all")).status == "in-progress"
    ended = row_of(restricted(ADA, "all"), lifted(ADA))
    assert (ended.kind, ended.status) == ("restriction", "completed")


def test_an_access_request_is_open_until_the_bundle_is_there() -> None:
    asked = ExportRequested(
        request_id=REQUEST,
        contact_id=ADA,
        contact_ids=(ADA,),
        customer_ids=(SHOP,),
        required_acks=ANSWERING,
        target_at=DUE,
        deadline_at=DUE,
    )
    row = row_of(asked)
    assert (row.kind, row.status, row.deadline_at) == ("export", "in-progress", DUE)
    told = ExportCompleted(request_id=REQUEST, contact_id=ADA, bundle_ref="/v1/x", expires_at=DUE)
    assert row_of(asked, told).status == "completed"


def test_the_timeline_shows_an_erasure_with_the_customer_or_else_the_person() -> None:
    alone = ASKED.model_copy(update={"customer_ids": ()})
    parties = [item.party_id for each in (ASKED, alone) if (item := item_of(received(each, 1, AT)))]
    assert parties == [SHOP, ADA]
