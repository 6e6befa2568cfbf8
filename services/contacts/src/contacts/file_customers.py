"""Rows of a file as customers, each decided as the API decides; reading and writing is bulk."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from shared.db import Connection
from shared.errors import Refusal
from shared.handovers import OwnerHasLeftError, successors_of
from shared.ids import new_id

from contacts.customers import store
from contacts.customers.domain import (
    Command,
    CreateCustomer,
    Customer,
    CustomerChange,
    ExternalIdIsTakenError,
    ExternalIdsOfSeveralError,
    UpdateCustomer,
    carry_out,
)
from contacts.customers.external_ids import find_by_external_ids
from contacts.customers.places import ChangeOwner, QueueCustomer
from contacts.duplicates import handlers as duplicates
from contacts.file_layout import EXTERNAL_ID, KNOWN, Batch, Tally
from contacts.file_rows import CustomerRow
from contacts.matching.subjects import Traits, customer_traits

_NOT_UPDATED = frozenset({"source", "owner_id", "queue"})
"""Where a customer came from stays; who owns it is a fact of its own."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database, and the rows so far, say about a block's customers."""

    ids: dict[tuple[str, str], UUID]
    customers: dict[UUID, Customer]
    left: Collection[str]
    twins: list[tuple[Traits, UUID]] = field(default_factory=list[tuple[Traits, UUID]])


async def import_customers(
    connection: Connection,
    batch: Batch,
    rows: Sequence[CustomerRow],
    created: Mapping[int, CustomerChange],
    tally: Tally,
) -> None:
    """The customers of a block, with their names in other systems.

    `created` is what became of some rows already, by their numbers, should they be about new ones.
    """
    known = await _what_is_known(connection, batch, rows)
    changes: dict[UUID, CustomerChange] = {}
    for row in rows:
        try:
            change = _imported(batch, row, created.get(row.number), known, tally)
        except Refusal as refused:
            tally.reject(row.number, _first_name(row), refused.code())
            continue
        if change is None:
            continue
        tally.count(is_new=change.before is None, has_changed=bool(change.facts))
        customer_id = change.after.state.customer_id
        known.customers[customer_id] = change.after
        for name in row.names:
            known.ids.setdefault(name, customer_id)
        earlier = changes.get(customer_id)
        changes[customer_id] = earlier.then(change) if earlier else change
    if not batch.dry_run:
        keys = await store.save_changes(connection, batch.cause, list(changes.values()))
        tally.duplicates += await duplicates.put_up(
            connection, batch.cause, store.load_traits, known.twins, "import"
        )
        tally.duplicates += await duplicates.detect(
            connection, batch.cause, store.load_traits, keys.new, "import", keys.first
        )


async def _what_is_known(
    connection: Connection, batch: Batch, rows: Sequence[CustomerRow]
) -> _Known:
    ids = await find_by_external_ids(connection, [name for row in rows for name in row.names])
    wanted = set(ids.values()) if batch.on_duplicate == "update" else set[UUID]()
    owners = {row.said.owner_id for row in rows if row.said.owner_id}
    left = await successors_of(connection, owners) if owners else {}
    return _Known(ids, await store.lock_customers(connection, wanted) if wanted else {}, left)


def _imported(
    batch: Batch, row: CustomerRow, created: CustomerChange | None, known: _Known, tally: Tally
) -> CustomerChange | None:
    """What becomes of the row; None where it is about somebody who is left as they are."""
    if row.said.owner_id in known.left:
        raise OwnerHasLeftError
    owners = {known.ids[name] for name in row.names if name in known.ids}
    if not owners:
        return created or created_by(batch, row)
    match batch.on_duplicate:
        case "create":
            raise ExternalIdIsTakenError
        case "skip":
            tally.skip(row.number, _first_name(row))
            return None
        case "case":
            tally.note(row.number, _first_name(row), KNOWN)
            return _twin(batch, row, known, owners)
        case "update":
            if len(owners) > 1:
                raise ExternalIdsOfSeveralError
            customer = known.customers[owners.pop()]
            return carry_out(customer, *_updates(batch, row))


def _twin(
    batch: Batch, row: CustomerRow, known: _Known, owners: Collection[UUID]
) -> CustomerChange:
    """A record of its own, without the names that others have; people decide what it is."""
    command = _creation(batch, row)
    claimed = carry_out(None, command).after.state
    known.twins.extend((customer_traits(claimed), owner) for owner in owners)
    free = [each for each in claimed.external_ids if (each.system, each.id) not in known.ids]
    profile = {**command.profile, "external_ids": tuple(free)}
    return carry_out(None, replace(command, profile=profile))


def _first_name(row: CustomerRow) -> str | None:
    return EXTERNAL_ID + row.names[0][0] if row.names else None


def created_by(batch: Batch, row: CustomerRow) -> CustomerChange:
    """What becomes of a row about somebody new."""
    return carry_out(None, _creation(batch, row))


def _creation(batch: Batch, row: CustomerRow) -> CreateCustomer:
    return CreateCustomer(new_id(), row.said.given(), batch.cause.at, batch.import_id)


def _updates(batch: Batch, row: CustomerRow) -> Sequence[Command]:
    said = row.said.given()
    profile = {name: value for name, value in said.items() if name not in _NOT_UPDATED}
    update = UpdateCustomer(profile, batch.import_id)
    if row.said.queue is not None:
        return [update, QueueCustomer(row.said.queue, "import")]
    if row.said.owner_id is None:
        return [update]
    return [update, ChangeOwner(row.said.owner_id, "import")]
