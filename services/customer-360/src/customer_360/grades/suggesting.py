"""Suggests to contacts to look at grades: for a batch of customers, in the caller's transaction."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from shared.contracts.contacts import Grading
from shared.db import Connection
from shared.messaging.outbox import Fact

from customer_360.customers.fold import Customer
from customer_360.deals.fold import Deal
from customer_360.grades import store
from customer_360.grades.estimate import GradePolicy, Measured, suggestion_of
from customer_360.merged import list_owners
from customer_360.profiles.figures import Basis
from customer_360.tickets.fold import Ticket


@dataclass(frozen=True, slots=True)
class Graded:
    """A customer who has a grade, and the rows that its figures follow from."""

    basis: Basis
    customer: Customer
    grading: Grading


async def suggest(connection: Connection, bases: Iterable[Basis], at: datetime) -> list[Fact]:
    """The suggestions that follow for these customers and that were not told before.

    The caller holds the profiles of these customers, so nobody else suggests at the same time.
    """
    by_version: dict[int, list[Graded]] = defaultdict(list)
    for basis in bases:
        if basis.customer is not None and (grading := basis.customer.grading) is not None:
            graded = Graded(basis, basis.customer, grading)
            by_version[grading.policy_version].append(graded)
    policies = await store.load_policies(connection, by_version) if by_version else {}
    told: list[Fact] = []
    for version, policy in policies.items():
        told += await _suggest_by(connection, policy, by_version[version], at)
    return told


async def _suggest_by(
    connection: Connection, policy: GradePolicy, those: Sequence[Graded], at: datetime
) -> list[Fact]:
    """Of customers who were graded by this policy."""
    model = await store.load_model(connection)
    measured = await _measure(connection, policy, [each.basis for each in those], at)
    found = [
        (suggested, each.grading.graded_at)
        for each in those
        if (
            suggested := suggestion_of(
                each.customer, policy, model, measured[each.customer.customer_id], at
            )
        )
    ]
    versions = await store.claim(connection, found) if found else {}
    return [
        Fact(suggested, versions[suggested.customer_id])
        for suggested, _ in found
        if suggested.customer_id in versions
    ]


async def _measure(
    connection: Connection, policy: GradePolicy, bases: Sequence[Basis], at: datetime
) -> dict[UUID, Measured]:
    """The figures of today, with those of the records that were merged into each."""
    owners = await list_owners(connection, [basis.customer_id for basis in bases])
    window = int(policy.scale["window_days"])
    revenue: dict[UUID, dict[str, Decimal]] = defaultdict(dict)
    for record_id, currency, amount in await store.list_revenue(connection, owners, at, window):
        for owner in owners[record_id]:
            known = revenue[owner].get(currency, Decimal(0))
            revenue[owner][currency] = known + amount
    nps: dict[UUID, int] = {}
    for record_id, score in await store.list_nps(connection, owners):
        nps |= dict.fromkeys(owners[record_id], score)
    since = at - timedelta(days=window)
    return {
        basis.customer_id: Measured(
            revenue=revenue[basis.customer_id],
            open_weighted=weighted_of(basis.deals),
            tickets=tickets_since(basis.tickets, since),
            nps=nps.get(basis.customer_id),
        )
        for basis in bases
    }


def weighted_of(deals: Iterable[Deal]) -> dict[str, Decimal]:
    """What is open, each by its probability, per currency."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for deal in deals:
        if deal.status == "open" and deal.amount is not None and deal.currency is not None:
            sums[deal.currency] += deal.amount * (deal.probability or 0)
    return {currency: (amount / 100).quantize(Decimal("0.01")) for currency, amount in sums.items()}


def tickets_since(tickets: Iterable[Ticket], since: datetime) -> int:
    """The needs that cost us work from then on."""
    return sum(
        ticket.status != "cancelled"
        and ticket.received_at is not None
        and ticket.received_at > since
        for ticket in tickets
    )
