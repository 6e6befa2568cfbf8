"""Whatever the order in which merges and undoings come, everything ends where it belongs.

Facts of one survivor keep their order (it is their key); those of different survivors do not.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import TypeAlias
from uuid import UUID

import pytest
from shared.aliases import all_ids_of, current_ids
from shared.cause import Cause
from shared.contracts.contacts.merges import (
    ContactMerged,
    ContactUnmerged,
    CustomerMerged,
    CustomerUnmerged,
)
from shared.contracts.values import Party
from shared.db import Connection, Pool, open_pool, transaction
from shared.ids import new_id
from shared.merges import MergePart, Move, Repointing, move_batch, note_start, note_undo
from shared.telemetry import new_trace

from tests.conftest import DatabaseFactory

Fact: TypeAlias = CustomerMerged | CustomerUnmerged
NOW = datetime.now(UTC)
PARTIES = {name: new_id() for name in "ABCD"}
NAMES = {party: name for name, party in PARTIES.items()}
THINGS = {new_id(): name for name in "ABCD"}


async def find(
    connection: Connection, _party: Party, current: Mapping[UUID, UUID], limit: int
) -> Sequence[Move]:
    old = [one for one, other in current.items() if one != other]
    rows = await connection.fetch(
        "SELECT id, owner FROM things WHERE owner = ANY($1::uuid[]) LIMIT $2 FOR UPDATE", old, limit
    )
    return [Move("thing", row["id"], row["owner"], current[row["owner"]]) for row in rows]


async def carry(
    connection: Connection, _cause: Cause, _party: Party, moves: Sequence[Move]
) -> None:
    await connection.executemany(
        "UPDATE things SET owner = $3 WHERE id = $1 AND owner = $2",
        [(move.thing_id, move.from_id, move.to_id) for move in moves],
    )


async def recheck(_connection: Connection, _part: MergePart) -> None: ...


REPOINTING = Repointing(find, carry, recheck)


@pytest.fixture
async def pool(database: DatabaseFactory) -> AsyncIterator[Pool]:
    opened = await open_pool(await database("pipeline"))
    await opened.execute("CREATE TABLE things (id uuid PRIMARY KEY, owner uuid NOT NULL)")
    yield opened
    await opened.close()


def history(*acts: str) -> list[tuple[datetime, Fact]]:
    """`A>B` merges A into B, `A<B` undoes it: the facts as contacts tells them, in order."""
    told: list[tuple[datetime, Fact]] = []
    open_merges: dict[tuple[str, str], UUID] = {}
    for minute, act in enumerate(acts):
        old, into = act[0], act[2]
        common = {"customer_id": PARTIES[into], "reason_code": "same", "decided_by": "user:tester"}
        if act[1] == ">":
            open_merges[old, into] = new_id()
            fact: Fact = CustomerMerged(
                merge_id=open_merges[old, into],
                merged_ids=(PARTIES[old],),
                reversible_until=NOW,
                **common,
            )
        else:
            fact = CustomerUnmerged(
                merge_id=open_merges.pop((old, into)), restored_ids=(PARTIES[old],), **common
            )
        told.append((NOW + timedelta(minutes=minute), fact))
    return told


def arrivals(told: Sequence[tuple[datetime, Fact]]) -> list[list[tuple[datetime, Fact]]]:
    """Every order in which these may arrive: those of one key stay in theirs."""

    def keeps_keys(order: Sequence[int]) -> bool:
        keys = [told[index][1].customer_id for index in order]
        return all(
            order[i] < order[j]
            for i in range(len(order))
            for j in range(i + 1, len(order))
            if keys[i] == keys[j]
        )

    orders = permutations(range(len(told)))
    return [[told[index] for index in order] for order in orders if keeps_keys(order)]


async def play(
    pool: Pool, told: Sequence[tuple[datetime, Fact]], *, patient: bool
) -> dict[str, str]:
    await pool.execute("TRUNCATE things, aliases, merge_parts, merge_moves")
    await pool.executemany(
        "INSERT INTO things VALUES ($1, $2)", [(t, PARTIES[n]) for t, n in THINGS.items()]
    )
    for at, fact in told:
        cause = Cause("user:tester", at, "c", new_trace())
        for _ in range(2):  # redelivered
            async with transaction(pool) as connection:
                if isinstance(fact, CustomerMerged):
                    await note_start(connection, cause, fact)
                else:
                    await note_undo(connection, cause, fact)
        if patient:
            while await move_batch(pool, "contacts", REPOINTING):
                pass
        else:
            await move_batch(pool, "contacts", REPOINTING)  # one step, the next fact comes between
    while await move_batch(pool, "contacts", REPOINTING):
        pass
    rows = await pool.fetch("SELECT id, owner FROM things")
    return {THINGS[row["id"]]: NAMES[row["owner"]] for row in rows}


@pytest.mark.parametrize("patient", [True, False])
@pytest.mark.parametrize(
    ("acts", "end"),
    [
        (("A>B", "B>C"), "CCCD"),
        (("A>B", "B>C", "C>D"), "DDDD"),
        (("A>B", "A<B", "A>C"), "CBCD"),
        (("A>B", "A<B", "B>A"), "AACD"),
        (("A>B", "A<B", "A>B"), "BBCD"),
        (("A>B", "B>C", "B<C"), "BBCD"),
        (("A>B", "B>C", "B<C", "A<B"), "ABCD"),
        (("A>B", "B>C", "B<C", "A<B", "A>D"), "DBCD"),
        (("A>B", "B>C", "B<C", "B>D"), "DDCD"),
    ],
)
async def test_everything_ends_where_it_belongs(
    pool: Pool, acts: tuple[str, ...], end: str, *, patient: bool
) -> None:
    wanted = dict(zip("ABCD", end, strict=True))
    for told in arrivals(history(*acts)):
        order = [
            f"{NAMES[(f.merged_ids if isinstance(f, CustomerMerged) else f.restored_ids)[0]]}"
            f"{'>' if isinstance(f, CustomerMerged) else '<'}{NAMES[f.customer_id]}"
            for _, f in told
        ]
        assert await play(pool, told, patient=patient) == wanted, order
        async with transaction(pool) as connection:
            current = await current_ids(connection, list(PARTIES.values()))
            assert {NAMES[k]: NAMES[v] for k, v in current.items()} == wanted, order
            for name in set(end):
                ids = {NAMES[i] for i in await all_ids_of(connection, PARTIES[name])}
                assert ids == {k for k, v in wanted.items() if v == name}, order


async def find_pairs(
    connection: Connection, party: Party, current: Mapping[UUID, UUID], limit: int
) -> Sequence[Move]:
    old = [one for one, other in current.items() if one != other]
    rows = await connection.fetch(
        f"SELECT id, {party} AS owner FROM pairs WHERE {party} = ANY($1::uuid[]) LIMIT $2",
        old,
        limit,
    )
    return [Move("pair", row["id"], row["owner"], current[row["owner"]]) for row in rows]


async def carry_pairs(
    connection: Connection, _cause: Cause, party: Party, moves: Sequence[Move]
) -> None:
    await connection.executemany(
        f"UPDATE pairs SET {party} = $3 WHERE id = $1 AND {party} = $2",
        [(move.thing_id, move.from_id, move.to_id) for move in moves],
    )


async def test_to_part_customers_forgets_nothing_of_people_who_were_merged_later(
    pool: Pool,
) -> None:
    """What names both goes back on either way by itself."""
    await pool.execute("CREATE TABLE pairs (id uuid PRIMARY KEY, customer uuid, contact uuid)")
    pair, (a, b, c, d) = new_id(), PARTIES.values()
    await pool.execute("INSERT INTO pairs VALUES ($1, $2, $3)", pair, a, c)
    repointing = Repointing(find_pairs, carry_pairs, recheck)
    common = {"reason_code": "same", "decided_by": "user:tester"}
    firms, people = {"merge_id": new_id(), **common}, {"merge_id": new_id(), **common}
    told: list[CustomerMerged | ContactMerged | CustomerUnmerged | ContactUnmerged] = [
        CustomerMerged(customer_id=b, merged_ids=(a,), reversible_until=NOW, **firms),
        ContactMerged(contact_id=d, merged_ids=(c,), reversible_until=NOW, **people),
        CustomerUnmerged(customer_id=b, restored_ids=(a,), **firms),
        ContactUnmerged(contact_id=d, restored_ids=(c,), **people),
    ]
    ends = [(b, c), (b, d), (a, d), (a, c)]
    for minute, (fact, end) in enumerate(zip(told, ends, strict=True)):
        cause = Cause("user:tester", NOW + timedelta(minutes=minute), "c", new_trace())
        async with transaction(pool) as connection:
            if isinstance(fact, CustomerMerged | ContactMerged):
                await note_start(connection, cause, fact)
            else:
                await note_undo(connection, cause, fact)
        while await move_batch(pool, "contacts", repointing):
            pass
        assert tuple(await pool.fetchrow("SELECT customer, contact FROM pairs")) == end, fact
