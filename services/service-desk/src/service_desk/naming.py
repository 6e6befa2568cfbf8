"""Whom a command names, where customers and people were merged."""

from typing import Protocol
from uuid import UUID

from shared.aliases import current_ids
from shared.db import Connection


class Named(Protocol):
    """What names a customer and, it may be, a person."""

    @property
    def customer_id(self) -> UUID: ...
    @property
    def contact_id(self) -> UUID | None: ...


async def led_on(
    connection: Connection, asked: Named, known: Named | None
) -> tuple[UUID, UUID | None]:
    """The customer and the person as they are known now; of a repeat, by the ids that it has."""
    named = [asked, known] if known else [asked]
    ids = {id_ for each in named for id_ in (each.customer_id, each.contact_id) if id_}
    current = await current_ids(connection, ids)
    of_known = (known.customer_id, known.contact_id) if known else ()
    kept = {current[id_]: id_ for id_ in of_known if id_}
    customer_id = current[asked.customer_id]
    contact_id = asked.contact_id and current[asked.contact_id]
    return kept.get(customer_id, customer_id), contact_id and kept.get(contact_id, contact_id)
