"""Use cases of commitments; a job wakes each when it is due soon, and when it is broken."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from shared.aliases import current_id, current_ids
from shared.cause import Cause
from shared.db import Connection, Pool, transaction, with_retries
from shared.failpoints import Failpoint
from shared.handovers import require_employed
from shared.http.requests import require_version
from shared.ids import new_id
from shared.telemetry import new_trace

from pipeline.commitments import store
from pipeline.commitments.commands import (
    ChangeCommitmentOwner,
    CommitmentCommand,
    FulfilCommitment,
    LapseTime,
    MakeCommitment,
    WithdrawCommitment,
)
from pipeline.commitments.decisions import decide
from pipeline.commitments.domain import (
    Commitment,
    DealIsOfAnotherCustomerError,
    DealIsUnknownError,
    begun,
)
from pipeline.deals.store import find_deal

BATCH = 500

_BEFORE_COMMIT = Failpoint("commitments.before-commit")
_AFTER_COMMIT = Failpoint("commitments.after-commit")


async def make_commitment(pool: Pool, cause: Cause, command: MakeCommitment) -> Commitment:
    async def attempt() -> Commitment:
        async with transaction(pool) as connection:
            asked = await _led_on(connection, command)
            known = await store.find_commitment(connection, asked.commitment_id)
            if known is not None:
                return await _same(connection, known, asked)
            await require_employed(connection, asked.owner_id)
            await _require_deal_of_customer(connection, asked)
            fresh = begun(asked)
            return await store.insert(connection, cause, fresh, decide(fresh, asked))

    return await with_retries(attempt)


async def fulfil_commitment(
    pool: Pool,
    cause: Cause,
    commitment_id: UUID,
    command: FulfilCommitment,
    if_match: int | None = None,
) -> Commitment:
    return await _change(pool, cause, commitment_id, command, if_match)


async def withdraw_commitment(
    pool: Pool,
    cause: Cause,
    commitment_id: UUID,
    command: WithdrawCommitment,
    if_match: int | None = None,
) -> Commitment:
    async with pool.acquire() as connection:
        agreed_with = await current_id(connection, command.agreed_with_contact_id)
    asked = replace(command, agreed_with_contact_id=agreed_with)
    return await _change(pool, cause, commitment_id, asked, if_match)


async def change_owner(
    pool: Pool,
    cause: Cause,
    commitment_id: UUID,
    command: ChangeCommitmentOwner,
    if_match: int | None = None,
) -> Commitment:
    return await _change(pool, cause, commitment_id, command, if_match)


async def wake_commitments(pool: Pool) -> None:
    """Say what time has made true of every commitment that is to be woken."""
    while await wake_due(pool, datetime.now(UTC)) == BATCH:
        pass


async def wake_due(pool: Pool, at: datetime) -> int:
    """One batch of those that are to be woken at an instant; answers how many there were."""
    async with transaction(pool) as connection:
        due = await store.lock_due(connection, at, BATCH)
        cause = Cause("service:pipeline", at, str(new_id()), new_trace())
        await store.record(connection, cause, [(each, decide(each, LapseTime(at))) for each in due])
        if due:
            _BEFORE_COMMIT.reach()
    if due:
        _AFTER_COMMIT.reach()
    return len(due)


async def _change(
    pool: Pool, cause: Cause, commitment_id: UUID, command: CommitmentCommand, if_match: int | None
) -> Commitment:
    async def attempt() -> Commitment:
        async with transaction(pool) as connection:
            if isinstance(command, ChangeCommitmentOwner):
                await require_employed(connection, command.owner_id)
            commitment = await store.lock_commitment(connection, commitment_id)
            require_version(commitment.version, if_match)
            change = (commitment, decide(commitment, command))
            [after] = await store.record(connection, cause, [change])
            return after

    return await with_retries(attempt)


async def _same(connection: Connection, known: Commitment, asked: MakeCommitment) -> Commitment:
    """A repeat finds what was made, by whichever id it names the customer."""
    if await current_id(connection, known.customer_id) == asked.customer_id:
        asked = replace(asked, customer_id=known.customer_id)
    decide(known, asked)
    return known


async def _led_on(connection: Connection, command: MakeCommitment) -> MakeCommitment:
    """The customer and the person as they are known now, where they were merged."""
    named = [id_ for id_ in (command.customer_id, command.contact_id) if id_]
    current = await current_ids(connection, named)
    return replace(
        command,
        customer_id=current[command.customer_id],
        contact_id=command.contact_id and current[command.contact_id],
    )


async def _require_deal_of_customer(connection: Connection, command: MakeCommitment) -> None:
    if command.deal_id is None:
        return
    deal = await find_deal(connection, command.deal_id)
    if deal is None:
        raise DealIsUnknownError(field="deal_id")
    if await current_id(connection, deal.customer_id) != command.customer_id:
        raise DealIsOfAnotherCustomerError(field="deal_id")
