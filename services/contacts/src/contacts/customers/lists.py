"""Lists of customers, by id: what may be asked for, and by which index it is found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.contacts import CustomerKind, Grade, Lifecycle, RecordStatus
from shared.db import Connection

from contacts.customers import store
from contacts.customers.domain import Customer
from contacts.filters import beginning, where


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which customers a list is to hold; what is None does not matter."""

    record_status: RecordStatus
    external_id: tuple[str, str] | None = None
    name: str | None = None
    kind: CustomerKind | None = None
    lifecycle: Lifecycle | None = None
    owner_id: str | None = None
    queue: str | None = None
    grade: Grade | None = None
    territory_code: str | None = None
    region: str | None = None
    industry: str | None = None
    size_band: str | None = None
    source: str | None = None
    tag: str | None = None
    created_since: datetime | None = None
    changed_since: datetime | None = None

    def conditions(self) -> Mapping[str, object]:
        """Each with its value, or its values."""
        return {
            "record_status = ?": self.record_status,
            """customer_id = (SELECT customer_id FROM external_ids
                WHERE system = ? AND id = ?)""": self.external_id,
            "lower(display_name) LIKE ?": beginning(self.name),
            "kind = ?": self.kind,
            "lifecycle = ?": self.lifecycle,
            "owner_id = ?": self.owner_id,
            "queue = ?": self.queue,
            "customer_id IN (SELECT customer_id FROM customer_grades WHERE grade = ?)": self.grade,
            "territory_code = ?": self.territory_code,
            "region = ?": self.region,
            "industry = ?": self.industry,
            "size_band = ?": self.size_band,
            "source = ?": self.source,
            "tags <> '{}' AND tags @> ARRAY[?::text]": self.tag,
            "created_at >= ?": self.created_since,
            """customer_id IN (SELECT about FROM record_changes
                WHERE part = 'customer' AND changed_at >= ?)""": self.changed_since,
        }


async def list_customers(
    connection: Connection, wanted: Wanted, after: UUID | None, limit: int
) -> list[Customer]:
    """The first of those wanted behind an id."""
    condition, values = where({**wanted.conditions(), "customer_id > ?": after})
    return await store.select_customers(connection, condition, values, limit)
