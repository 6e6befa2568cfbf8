"""Databases that tests give back: as a fresh copy is, or not lent again."""

from typing import Any

import asyncpg

from tests.databases import Databases

PACKAGE = "contacts"


async def seen(url: str) -> dict[str, Any]:
    """Every row of every table, and where every sequence stands."""
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch(
            "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables"
            " WHERE schemaname !~ '^(pg_|information_schema)' ORDER BY 1"
        )
        rows = {
            table["name"]: await connection.fetch(f"SELECT to_jsonb(t) FROM {table['name']} AS t")
            for table in tables
        }
        sequences = await connection.fetch("SELECT * FROM pg_sequences ORDER BY 1, 2")
        return {"rows": rows, "sequences": sequences}
    finally:
        await connection.close()


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def test_one_that_was_written_to_is_as_new(databases: Databases) -> None:
    fresh, used = await databases.take(PACKAGE), await databases.take(PACKAGE)
    as_new = await seen(fresh)
    assert any(as_new["rows"].values()), "migrations that seed nothing show nothing here"
    await execute(used, "INSERT INTO external_ids VALUES ('erp', '1', gen_random_uuid())")
    await execute(
        used,
        "INSERT INTO outbox (event_id, topic, key, aggregate_type, aggregate_id, version, headers)"
        " VALUES (gen_random_uuid(), 't', 'k', 'a', 'k', 1, '{}')",
    )
    seeded = next(name for name, rows in as_new["rows"].items() if rows)
    await execute(used, f"DELETE FROM {seeded}")
    assert await seen(used) != as_new

    await databases.give_back(used)

    assert await databases.take(PACKAGE) == used
    assert await seen(used) == as_new
    await databases.give_back(fresh)
    await databases.give_back(used)


async def test_one_whose_schema_changed_is_not_lent_again(databases: Databases) -> None:
    for change in (
        "CREATE TABLE kept (id int)",
        "DROP INDEX external_ids_customer_idx",
        "ALTER TABLE external_ids RENAME TO names",
        "ALTER TABLE external_ids ADD COLUMN note text",
        "CREATE SCHEMA other",
    ):
        url = await databases.take(PACKAGE)
        await execute(url, change)
        await databases.give_back(url)
        following = await databases.take(PACKAGE)
        assert following != url, change
        await databases.give_back(following)


async def test_one_that_somebody_uses_is_not_lent_again(databases: Databases) -> None:
    url = await databases.take(PACKAGE)
    connection = await asyncpg.connect(url)
    await databases.give_back(url)
    following = await databases.take(PACKAGE)
    assert following != url
    await databases.give_back(following)
    connection.terminate()
