"""The table of identity links."""

from uuid import UUID

from shared.cause import Cause
from shared.contracts.contacts import IdentityLinked
from shared.db import Connection, refusing
from shared.errors import StaleVersionError
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from contacts.identities.domain import LinkIdentity, decide

_INSERT = """
INSERT INTO identity_links (link_id, contact_id, customer_id, identifier_type, identifier, source,
    confidence, version, linked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8)
"""


async def find_link(connection: Connection, link_id: UUID) -> IdentityLinked | None:
    row = await connection.fetchrow(
        """
        SELECT link_id, contact_id, customer_id, identifier_type, identifier, source, confidence
        FROM identity_links WHERE link_id = $1
        """,
        link_id,
    )
    return IdentityLinked(**dict(row)) if row else None


async def record(connection: Connection, cause: Cause, command: LinkIdentity) -> None:
    """Link what is not linked yet, and publish it."""
    for event in decide(await find_link(connection, command.link_id), command):
        with refusing({"identity_links_pkey": StaleVersionError}):
            await connection.execute(
                _INSERT,
                event.link_id,
                event.contact_id,
                event.customer_id,
                event.identifier_type,
                event.identifier,
                event.source,
                event.confidence,
                cause.at,
            )
        await outbox.append(connection, cause, [Fact(event, 1)])
