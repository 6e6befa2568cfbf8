"""Merges: several records of one party become one, and may become several again.

The facts stand on the topics of the records, with the record that stays as their key. The merged
records' own snapshots say `merged` and `merged_into`; their ids are aliases of the one that stays,
for ever, or until the merge is undone.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from shared.contracts.codes import Open
from shared.contracts.contacts.customers import CUSTOMER_EVENTS
from shared.contracts.contacts.people import CONTACT_EVENTS
from shared.contracts.topic import Event
from shared.contracts.values import Value

MergeStrategy = Literal["chosen", "kept", "verified", "recent", "present"]
"""Why a field has the value it has: somebody chose it; it was the staying record's; its source was
verified; it was changed last; it was the only one that was there."""


class FieldChoice(Value):
    """From which record a field has its value now; the value itself is on the state topic alone."""

    field: str
    from_id: UUID
    strategy: Annotated[str, Open.to(MergeStrategy)]


@CUSTOMER_EVENTS.fact("merged")
class CustomerMerged(Event):
    """These customers are one: what names one of `merged_ids` means `customer_id` from now on.

    `moved` counts what contacts itself has moved, by kind; the merge can be undone until
    `reversible_until`.
    """

    customer_id: UUID
    merge_id: UUID
    merged_ids: tuple[UUID, ...]
    matched_on: tuple[str, ...] = ()
    score: float | None = None
    fields: tuple[FieldChoice, ...] = ()
    moved: Mapping[str, int] = {}
    reversible_until: datetime
    reason_code: str
    decided_by: str


@CUSTOMER_EVENTS.fact("unmerged")
class CustomerUnmerged(Event):
    """The merge is undone: each of `restored_ids` is a customer again, with what it had brought.

    What came to `customer_id` after the merge stays there.
    """

    customer_id: UUID
    merge_id: UUID
    restored_ids: tuple[UUID, ...]
    reason_code: str
    decided_by: str


@CONTACT_EVENTS.fact("merged")
class ContactMerged(Event):
    """These are one person: what names one of `merged_ids` means `contact_id` from now on."""

    contact_id: UUID
    merge_id: UUID
    merged_ids: tuple[UUID, ...]
    matched_on: tuple[str, ...] = ()
    score: float | None = None
    fields: tuple[FieldChoice, ...] = ()
    moved: Mapping[str, int] = {}
    reversible_until: datetime
    reason_code: str
    decided_by: str


@CONTACT_EVENTS.fact("unmerged")
class ContactUnmerged(Event):
    """The merge is undone: each of `restored_ids` is a person of their own again."""

    contact_id: UUID
    merge_id: UUID
    restored_ids: tuple[UUID, ...]
    reason_code: str
    decided_by: str
