"""The group of a customer: its members, and their figures as sums; pure."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from customer_360.profiles.figures import Basis, amounts_of, bought_of
from customer_360.relationships.store import Member


class MemberShown(BaseModel):
    """A customer of the group, and what it brings to the sums."""

    model_config = ConfigDict(frozen=True)

    customer_id: UUID
    parent_id: UUID | None
    depth: int
    display_name: str | None
    lifecycle: str | None
    owner_id: str | None
    revenue: dict[str, Decimal]
    open_deals: int
    open_tickets: int


class GroupShown(BaseModel):
    """The sums over the members shown; `is_whole` says whether these are all there are."""

    model_config = ConfigDict(frozen=True)

    root_id: UUID
    parent_customer_id: UUID | None
    members: list[MemberShown]
    is_whole: bool
    revenue: dict[str, Decimal]
    order_count: int
    open_deals: int
    open_deal_amount: dict[str, Decimal]
    open_tickets: int
    open_critical_tickets: int


def roll_up(
    customer_id: UUID, members: Sequence[Member], bases: Mapping[UUID, Basis], *, is_whole: bool
) -> GroupShown | None:
    """The group; None for a customer that stands alone."""
    if len(members) == 1:
        return None
    shown = [_member(member, bases[member.customer_id]) for member in members]
    those = [bases[member.customer_id] for member in members]
    tickets = [ticket for basis in those for ticket in basis.tickets if ticket.is_open]
    selling = [deal for basis in those for deal in basis.deals if deal.status == "open"]
    parents = {member.customer_id: member.parent_id for member in members}
    return GroupShown(
        root_id=members[0].customer_id,
        parent_customer_id=parents.get(customer_id),
        members=shown,
        is_whole=is_whole,
        revenue=_sum(bought_of(basis.order_sums).revenue for basis in those),
        order_count=sum(bought_of(basis.order_sums).order_count for basis in those),
        open_deals=len(selling),
        open_deal_amount=amounts_of(selling),
        open_tickets=len(tickets),
        open_critical_tickets=sum(ticket.is_critical for ticket in tickets),
    )


def _member(member: Member, basis: Basis) -> MemberShown:
    customer = basis.customer
    return MemberShown(
        customer_id=member.customer_id,
        parent_id=member.parent_id,
        depth=member.depth,
        display_name=customer.display_name if customer else None,
        lifecycle=customer.lifecycle if customer else None,
        owner_id=customer.owner_id if customer else None,
        revenue=bought_of(basis.order_sums).revenue,
        open_deals=sum(deal.status == "open" for deal in basis.deals),
        open_tickets=sum(ticket.is_open for ticket in basis.tickets),
    )


def _sum(by_currency: Iterable[Mapping[str, Decimal]]) -> dict[str, Decimal]:
    total: dict[str, Decimal] = {}
    for amounts in by_currency:
        for currency, amount in amounts.items():
            total[currency] = total.get(currency, Decimal(0)) + amount
    return total
