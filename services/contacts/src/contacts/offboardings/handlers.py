"""What is done with proposals: made by one person, approved or declined by another.

Whoever decides holds the customer's lock, so that a proposal is decided once.
"""

from uuid import UUID

from shared.aliases import all_ids_of
from shared.cause import Cause
from shared.db import Connection, Pool, transaction, with_retries

from contacts.customers import store as customers
from contacts.customers.domain import carry_out
from contacts.customers.lifecycle import MoveApproved, require_approvable
from contacts.offboardings import store
from contacts.offboardings.domain import Proposal, Proposed, decided, repeated


async def propose(pool: Pool, proposal: Proposal) -> Proposed:
    """Write it down, if the customer could move so now; a repeat is answered like the first."""

    async def attempt() -> Proposed:
        async with transaction(pool) as connection:
            customer = await customers.lock_customer(connection, proposal.customer_id)
            known = await store.find_proposal(connection, proposal.proposal_id)
            if known is not None:
                return await with_commitments(connection, repeated(known, proposal))
            require_approvable(customer.state, proposal.to)
            await store.insert_proposal(connection, proposal)
            return await with_commitments(connection, proposal)

    return await with_retries(attempt)


async def approve(pool: Pool, cause: Cause, proposal_id: UUID, approved_by: str) -> Proposed:
    """The customer moves at once."""

    async def attempt() -> Proposed:
        async with transaction(pool) as connection:
            before = await store.load_proposal(connection, proposal_id)
            customer = await customers.lock_customer(connection, before.customer_id)
            before = await store.load_proposal(connection, proposal_id)
            after = decided(before, "approved", approved_by, cause.at)
            if after != before:
                command = MoveApproved(
                    before.to, before.reason_code, cause.at, before.proposed_by, approved_by
                )
                change = carry_out(customer, command)
                await customers.save_changes(connection, cause, [change])
                await store.save_decision(connection, after)
            return await with_commitments(connection, after)

    return await with_retries(attempt)


async def decline(pool: Pool, cause: Cause, proposal_id: UUID, declined_by: str) -> Proposed:
    """Nothing becomes of it; whoever proposed it may take it back so as well."""
    async with transaction(pool) as connection:
        before = await store.load_proposal(connection, proposal_id)
        await customers.lock_customer(connection, before.customer_id)
        before = await store.load_proposal(connection, proposal_id)
        after = decided(before, "declined", declined_by, cause.at)
        await store.save_decision(connection, after)
        return await with_commitments(connection, after)


async def with_commitments(connection: Connection, proposal: Proposal) -> Proposed:
    ids = await all_ids_of(connection, proposal.customer_id)
    return Proposed(proposal, await store.list_commitments(connection, ids))
