"""Erasing a person in campaigns: copies and submissions go; what was sent stays a count."""

from shared.cause import Cause
from shared.contracts.campaigns import FORM_STATE
from shared.contracts.contacts import CONTACT_STATE, CUSTOMER_STATE, ErasureRequested, Retained
from shared.contracts.privacy import ERASURE_ACKNOWLEDGED
from shared.db import Connection
from shared.messaging import erased, outbox
from shared.messaging.outbox import Fact, Tombstone

from campaigns.audience import store as audience
from campaigns.erasures import store
from campaigns.obstacles.store import leave_talks
from campaigns.permissions.store import lock_permissions
from campaigns.segments.handlers import exit_people

SUPPRESSIONS = Retained(category="suppression-hash", legal_basis="objection")
SUBMISSION_ENDED = 2
"""The version of a submission's end: it never changes, so its only snapshot has version 1."""


async def leave_alone(connection: Connection, asked: ErasureRequested) -> None:
    """Close the gate for these people; the gate takes turns with it, so nothing slips through."""
    await lock_permissions(connection, asked.contact_ids)
    await store.insert_restrictions(connection, asked.request_id, asked.contact_ids)


async def erase(connection: Connection, cause: Cause, asked: ErasureRequested) -> None:
    """Forget these people and say so, in one transaction."""
    await erased.lock_out(connection)
    await erased.erase_keys(connection, CONTACT_STATE, asked.contact_ids)
    await erased.erase_keys(connection, CUSTOMER_STATE, asked.customer_ids)
    await leave_alone(connection, asked)
    submissions = await store.delete_submissions(connection, asked)
    consents = await store.delete_consents(connection, asked.contact_ids)
    await audience.lock_audience(connection)
    await audience.delete_people(connection, asked.contact_ids)
    await exit_people(connection, dict.fromkeys(asked.contact_ids, cause))
    await leave_talks(connection, asked.contact_ids)
    acknowledged = ERASURE_ACKNOWLEDGED["campaigns"](
        request_id=asked.request_id,
        erased={
            "people": len(asked.contact_ids),
            "submissions": len(submissions),
            "consents": consents,
        },
        retained=(SUPPRESSIONS,),
    )
    ended = [Tombstone(FORM_STATE, str(each), SUBMISSION_ENDED) for each in submissions]
    await outbox.append(connection, cause, [*ended, Fact(acknowledged, 1)])
    erased.BEFORE_COMMIT.reach()
