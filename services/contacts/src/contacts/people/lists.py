"""Lists of people, by id: what may be asked for, and by which index it is found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.contacts import RecordStatus
from shared.db import Connection

from contacts.filters import beginning, where
from contacts.people import store
from contacts.people.domain import Person


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which people a list is to hold: with one of these points, of this customer, and so on."""

    record_status: RecordStatus
    normalized: Sequence[str] | None = None
    customer_id: UUID | None = None
    owner_id: str | None = None
    name: str | None = None
    language: str | None = None
    created_since: datetime | None = None
    changed_since: datetime | None = None

    def conditions(self) -> Mapping[str, object]:
        """Each with its value."""
        return {
            "record_status = ?": self.record_status,
            """contact_id IN (SELECT contact_id FROM points
                WHERE normalized = ANY(?::text[]) AND status = 'active')""": self.normalized,
            """contact_id IN (SELECT contact_id FROM memberships
                WHERE customer_id = ? AND until IS NULL)""": self.customer_id,
            """contact_id IN (SELECT contact_id FROM memberships JOIN customers USING (customer_id)
                WHERE owner_id = ? AND until IS NULL)""": self.owner_id,
            "lower(coalesce(family_name, given_name)) LIKE ?": beginning(self.name),
            "language = ?": self.language,
            "created_at >= ?": self.created_since,
            """contact_id IN (SELECT about FROM record_changes
                WHERE part = 'contact' AND changed_at >= ?)""": self.changed_since,
        }


async def list_people(
    connection: Connection, wanted: Wanted, after: UUID | None, limit: int
) -> list[Person]:
    """The first of those wanted behind an id."""
    condition, values = where({**wanted.conditions(), "contact_id > ?": after})
    return await store.select_people(connection, condition, values, limit)
