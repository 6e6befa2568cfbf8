"""Households: people who live together; the name that a household goes by is personal data."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from shared.contracts.codes import Open
from shared.contracts.topic import Event, events_topic, state_topic
from shared.contracts.values import Value

HouseholdAction = Literal[
    "founded",
    "member-added",
    "member-removed",
    "member-replaced",
    "head-set",
    "renamed",
    "dissolved",
]

HOUSEHOLD_EVENTS = events_topic(
    "contacts", "household", key="household_id", holds="who lives together, by id"
)
HOUSEHOLD_STATE = state_topic(
    "contacts", "household", key="household_id", holds="the current household"
)


class HouseholdMember(Value):
    """A person of a household, and since when."""

    contact_id: UUID
    since: datetime


@HOUSEHOLD_EVENTS.fact("changed")
class HouseholdChanged(Event):
    """What a household is after the change; of a dissolved one nobody is left.

    `contact_id` is who joined, left or became the head; else who the head is, or was. A member is
    replaced by whom they were merged into, and that one by them when the merge is undone.
    """

    household_id: UUID
    member_contact_ids: tuple[UUID, ...]
    head_contact_id: UUID | None = None
    action: Annotated[str, Open.to(HouseholdAction)]
    contact_id: UUID


@HOUSEHOLD_STATE.fact("state")
class HouseholdState(Event):
    """The whole household as contacts knows it now, the member of longest standing first."""

    household_id: UUID
    name: str | None = None
    members: tuple[HouseholdMember, ...] = ()
    head_contact_id: UUID | None = None
    founded_at: datetime
    dissolved_at: datetime | None = None
