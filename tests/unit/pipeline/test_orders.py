"""Whatever order revisions come in and however often, the highest decides what the mirror shows."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from pipeline.orders.domain import MirrorOrder, Order, begun, decide, mirrored
from shared.contracts.external import ErpOrderChanged
from shared.contracts.pipeline import OrderConfirmed, OrderRevised, OrderStatusChanged

AT = datetime(1997, 1, 5, tzinfo=UTC)


def seen(revision: int = 1, **fields: Any) -> MirrorOrder:
    order = ErpOrderChanged.model_validate(
        {
            "order_no": "A-1",
            "revision": revision,
            "customer_system": "erp",
            "customer_ref": "42",
            "status": "confirmed",
            "total": Decimal(revision),
            "currency": "USD",
            "ordered_at": AT,
            "changed_at": AT,
            **fields,
        }
    )
    return MirrorOrder(UUID(int=1), UUID(int=2), order)


def when(order: Order, command: MirrorOrder) -> tuple[Order, list[type]]:
    events = decide(order, command)
    return mirrored(order, command, events), [type(event) for event in events]


def test_the_first_sight_confirms() -> None:
    order, happened = when(begun(seen()), seen())
    assert happened == [OrderConfirmed]
    assert (order.version, order.revision, order.total) == (1, 1, Decimal(1))


def test_a_repeat_and_an_older_revision_are_quiet() -> None:
    order, _ = when(begun(seen(2)), seen(2))
    assert when(order, seen(2)) == (order, [])
    assert when(order, seen(1, status="paid")) == (order, [])


def test_a_newer_revision_says_what_changed() -> None:
    order, _ = when(begun(seen()), seen())
    assert when(order, seen(2))[1] == [OrderRevised]
    assert when(order, seen(2, total=Decimal(1), status="paid"))[1] == [OrderStatusChanged]
    assert when(order, seen(2, total=Decimal(1)))[1] == []


REVISIONS = st.integers(1, 6).map(
    lambda revision: seen(revision, status=["confirmed", "delivered", "paid"][revision % 3])
)


@given(st.lists(REVISIONS, min_size=1, max_size=15))
def test_the_highest_revision_wins_in_any_order(sightings: list[MirrorOrder]) -> None:
    order = begun(sightings[0])
    versions: list[int] = []
    for sighting in sightings:
        events = decide(order, sighting)
        order = mirrored(order, sighting, events)
        versions.append(order.version)
    highest = max(sighting.seen.revision for sighting in sightings)
    assert (order.revision, order.total) == (highest, Decimal(highest))
    assert (
        order.status
        == seen(highest, status=["confirmed", "delivered", "paid"][highest % 3]).seen.status
    )
    assert versions == sorted(versions)
