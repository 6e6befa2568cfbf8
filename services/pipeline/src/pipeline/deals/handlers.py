"""Use cases of deals.

Whoever opens or reopens a deal takes the customer's lock, and so does whoever hears of a ticket or
of a credit hold: the second of them sees what the first did, so no danger is missed.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from shared.aliases import all_ids_of, current_id, current_ids
from shared.cause import Cause
from shared.db import Connection, Pool, transaction, with_retries
from shared.handovers import require_employed
from shared.http.requests import require_version

from pipeline.customers.store import lock_current, lock_customer, lock_customers
from pipeline.deals import store
from pipeline.deals.commands import (
    ChangeAmount,
    ChangeCloseDate,
    ChangeDealOwner,
    ClearRisk,
    DealCommand,
    FlagRisk,
    FollowHold,
    FollowTicket,
    LoseDeal,
    MoveStage,
    OpenDeal,
    ReopenDeal,
    WinDeal,
)
from pipeline.deals.decisions import decide, decided
from pipeline.deals.domain import Deal, begun
from pipeline.definitions import store as definitions
from pipeline.holds import store as holds
from pipeline.holds.domain import Hold
from pipeline.risks import TICKET_RISKS
from pipeline.tickets import store as tickets
from pipeline.tickets.domain import TicketFact, evolve
from pipeline.tickets.domain import begun as begun_ticket


async def open_deal(pool: Pool, cause: Cause, command: OpenDeal) -> Deal:
    async def attempt() -> Deal:
        async with transaction(pool) as connection:
            return await open_deal_within(connection, cause, command)

    return await with_retries(attempt)


async def open_deal_within(connection: Connection, cause: Cause, command: OpenDeal) -> Deal:
    """Open a deal in a transaction that does more, with the dangers that its customer brings."""
    command = await _led_on(connection, command)
    await lock_customer(connection, command.customer_id)
    deal = await store.find_deal(connection, command.deal_id)
    if deal is None:
        await require_employed(connection, command.owner_id)
        pipeline = await definitions.load_newest(connection, command.pipeline_id)
        deal = begun(command, pipeline)
    elif await current_id(connection, deal.customer_id) == command.customer_id:
        command = replace(command, customer_id=deal.customer_id)  # a repeat, by whichever id
    commands = [command, *await _danger_commands(connection, deal, cause)]
    return await store.record(connection, cause, deal, decided(deal, commands))


async def reopen_deal(
    pool: Pool, cause: Cause, deal_id: UUID, command: ReopenDeal, if_match: int | None = None
) -> Deal:
    async def attempt() -> Deal:
        async with transaction(pool) as connection:
            before = await store.load_deal(connection, deal_id)
            await lock_customer(connection, await current_id(connection, before.customer_id))
            deal = await store.lock_deal(connection, deal_id)
            require_version(deal.version, if_match)
            commands = [command, *await _danger_commands(connection, deal, cause)]
            return await store.record(connection, cause, deal, decided(deal, commands))

    return await with_retries(attempt)


async def change_owner(
    pool: Pool, cause: Cause, deal_id: UUID, command: ChangeDealOwner, if_match: int | None = None
) -> Deal:
    async def attempt() -> Deal:
        async with transaction(pool) as connection:
            await require_employed(connection, command.owner_id)
            deal = await store.lock_deal(connection, deal_id)
            require_version(deal.version, if_match)
            return await store.record(connection, cause, deal, decide(deal, command))

    return await with_retries(attempt)


async def move_stage(
    pool: Pool, cause: Cause, deal_id: UUID, command: MoveStage, if_match: int | None = None
) -> Deal:
    return await _change(pool, cause, deal_id, command, if_match)


async def change_amount(
    pool: Pool, cause: Cause, deal_id: UUID, command: ChangeAmount, if_match: int | None = None
) -> Deal:
    return await _change(pool, cause, deal_id, command, if_match)


async def change_close_date(
    pool: Pool, cause: Cause, deal_id: UUID, command: ChangeCloseDate, if_match: int | None = None
) -> Deal:
    return await _change(pool, cause, deal_id, command, if_match)


async def flag_risk(
    pool: Pool, cause: Cause, deal_id: UUID, command: FlagRisk, if_match: int | None = None
) -> Deal:
    return await _change(pool, cause, deal_id, command, if_match)


async def clear_risk(
    pool: Pool, cause: Cause, deal_id: UUID, command: ClearRisk, if_match: int | None = None
) -> Deal:
    return await _change(pool, cause, deal_id, command, if_match)


async def win_deal(
    pool: Pool, cause: Cause, deal_id: UUID, command: WinDeal, if_match: int | None = None
) -> Deal:
    """Win it, unless the customer may not buy on credit now."""

    async def attempt() -> Deal:
        async with transaction(pool) as connection:
            deal = await store.lock_deal(connection, deal_id)
            require_version(deal.version, if_match)
            hold = await holds.find_hold(connection, await current_id(connection, deal.customer_id))
            asked = replace(command, hold=hold.reason_code if hold else None)
            return await store.record(connection, cause, deal, decide(deal, asked))

    return await with_retries(attempt)


async def lose_deal(
    pool: Pool, cause: Cause, deal_id: UUID, command: LoseDeal, if_match: int | None = None
) -> Deal:
    return await _change(pool, cause, deal_id, command, if_match)


async def follow_tickets(connection: Connection, told: Sequence[tuple[Cause, TicketFact]]) -> None:
    """Learn what happened to tickets, and flag or clear the dangers to their customers' deals.

    The tickets' locks come before the customers'.
    """
    known = await tickets.lock_tickets(connection, [begun_ticket(fact) for _, fact in told])
    named = {fact.customer_id for _, fact in told} | {each.customer_id for each in known.values()}
    current = await lock_current(connection, named)
    for cause, fact in told:
        ticket = known[fact.ticket_id] = evolve(known[fact.ticket_id], fact, cause.at)
        command = FollowTicket(ticket.ticket_id, ticket.dangers(), cause.at)
        await _endanger(connection, cause, current[ticket.customer_id], command)
    await tickets.save_tickets(connection, known.values())


async def follow_hold(connection: Connection, cause: Cause, hold: Hold) -> None:
    """Learn of a credit hold or its end, and flag or clear it on the customer's open deals.

    Of customers that were merged it is the hold on the one that stays which counts.
    """
    customer_id = (await lock_current(connection, [hold.customer_id]))[hold.customer_id]
    if await holds.save_hold(connection, hold):
        counts = await holds.find_hold(connection, customer_id)
        command = FollowHold(counts is not None, cause.at)
        await _endanger(connection, cause, customer_id, command)


async def _endanger(
    connection: Connection, cause: Cause, customer_id: UUID, command: FollowTicket | FollowHold
) -> None:
    ids = await all_ids_of(connection, customer_id)
    for deal in await store.lock_open_deals(connection, ids):
        await store.record(connection, cause, deal, decide(deal, command))


async def recheck_tickets(
    connection: Connection, cause: Cause, customer_ids: Collection[UUID]
) -> None:
    """Let the open deals of these customers have the dangers that their tickets bring now."""
    await lock_customers(connection, customer_ids)
    for customer_id in sorted(customer_ids):
        ids = await all_ids_of(connection, customer_id)
        for deal in await store.lock_open_deals(connection, ids):
            commands = await _danger_commands(connection, deal, cause)
            await store.record(connection, cause, deal, decided(deal, commands))


async def _led_on(connection: Connection, command: OpenDeal) -> OpenDeal:
    """The customer and the person as they are known now, where they were merged."""
    named = [id_ for id_ in (command.customer_id, command.primary_contact_id) if id_]
    current = await current_ids(connection, named)
    return replace(
        command,
        customer_id=current[command.customer_id],
        primary_contact_id=command.primary_contact_id and current[command.primary_contact_id],
    )


async def _change(
    pool: Pool, cause: Cause, deal_id: UUID, command: DealCommand, if_match: int | None
) -> Deal:
    async def attempt() -> Deal:
        async with transaction(pool) as connection:
            deal = await store.lock_deal(connection, deal_id)
            require_version(deal.version, if_match)
            return await store.record(connection, cause, deal, decide(deal, command))

    return await with_retries(attempt)


async def _danger_commands(
    connection: Connection, deal: Deal, cause: Cause
) -> Iterable[DealCommand]:
    """What the customer's tickets, those that the deal still blames, and a hold mean for it now."""
    customer_id = await current_id(connection, deal.customer_id)
    ids = await all_ids_of(connection, customer_id)
    hold = await holds.find_hold(connection, customer_id)
    is_open = {t.ticket_id: t for t in await tickets.list_open(connection, ids)}
    blamed = {risk.cause_id for risk in deal.risks if risk.code in TICKET_RISKS and risk.cause_id}
    followed = [
        FollowTicket(
            ticket_id, is_open[ticket_id].dangers() if ticket_id in is_open else {}, cause.at
        )
        for ticket_id in sorted(is_open.keys() | blamed)
    ]
    return [*followed, FollowHold(hold is not None, cause.at)]
