"""The fold of the demo's log with Quix Streams, into PostgreSQL by its own sink.

    .venv-peers/bin/python peers/quix_folding.py BOOTSTRAP URL GROUP STATE_FOLDER

Idiomatic and durable: a stateful dataframe per topic, whose row per aggregate lives in RocksDB with
a changelog topic; versions that are not newer are dropped; the sink upserts by primary key at each
checkpoint, which comes once a second. It folds what customer-360 folds: the customer's snapshot,
its facts, its orders. It writes neither a timeline nor profiles, which customer-360 does.
"""

import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from quixstreams import Application, State
from quixstreams.sinks.base import SinkItem
from quixstreams.sinks.community.postgresql import PostgreSQLSink

Row = dict[str, Any]
Headers = list[tuple[str, bytes]]

TABLES = {
    "crm.contacts.customer.state.v1": "customers",
    "crm.contacts.customer.events.v1": "customer_facts",
    "crm.pipeline.order.events.v1": "orders",
}
KEYS = {"customers": "customer_id", "customer_facts": "customer_id", "orders": "order_id"}
CUSTOMER = [
    "customer_id",
    "kind",
    "display_name",
    "lifecycle",
    "lifecycle_since",
    "owner_id",
    "source",
    "region",
    "industry",
    "language",
    "currency",
    "created_at",
]
FACTS = ("lifecycle", "lifecycle_since", "owner_id", "source")


def customer(_row: Row, event: Row, _type: str) -> Row:
    """A snapshot replaces the row."""
    return {name: event.get(name) for name in CUSTOMER}


def customer_facts(row: Row, event: Row, type_: str) -> Row:
    """What the facts themselves say of the customer."""
    known = {"customer_id": event["customer_id"], **{name: row.get(name) for name in FACTS}}
    if type_.endswith(".created.v1"):
        return known | {name: event.get(name) for name in ("lifecycle", "owner_id", "source")}
    if type_.endswith(".lifecycle-changed.v1"):
        return known | {"lifecycle": event["to_lifecycle"], "lifecycle_since": event["since"]}
    if type_.endswith(".owner-changed.v1"):
        return known | {"owner_id": event["to_owner_id"]}
    return known


def order(row: Row, event: Row, type_: str) -> Row:
    """The order as it was confirmed, then where it stands."""
    if type_.endswith(".confirmed.v1"):
        names = ("external_system", "external_ref", "ordered_at")
        first = {name: event[name] for name in names}
        first |= {"status": "confirmed", "line_count": len(event["lines"])}
        return first | _money(event) | {"changed_at": event["ordered_at"]}
    if type_.endswith(".status-changed.v1"):
        moved = {"status": event["to_status"], "changed_at": event["changed_at"]}
        return row | _money(event) | moved
    return row | _money(event) | {"line_count": len(event["lines"])}


def _money(event: Row) -> Row:
    return {name: event[name] for name in ("order_id", "customer_id", "total", "currency")}


FOLDS: dict[str, Callable[[Row, Row, str], Row]] = {
    "customers": customer,
    "customer_facts": customer_facts,
    "orders": order,
}


def guarded(table: str) -> Callable[[Row, Any, int, Headers, State], Row | None]:
    """One step of the fold, in the store; None where the row is as new already."""
    fold = FOLDS[table]

    def step(event: Row, _key: object, _time: int, headers: Headers, state: State) -> Row | None:
        said = dict(headers)
        version = int(said["ce_aggregateversion"])
        row = state.get("row") or {"version": 0}
        if version <= row["version"]:
            return None
        row = fold(row, event, said["ce_type"].decode()) | {"version": version}
        state.set("row", row)
        return row

    return step


def sink_of(url: str) -> PostgreSQLSink:
    """The library's own sink, with upserts; the tables are there."""
    address = urlsplit(url)

    def table_of(item: SinkItem) -> str:
        return TABLES[item.topic]

    return PostgreSQLSink(
        host=address.hostname or "",
        port=address.port or 5432,
        dbname=address.path.removeprefix("/"),
        user=address.username or "",
        password=unquote(address.password or ""),
        table_name=table_of,
        primary_key_columns=lambda item: [KEYS[TABLES[item.topic]]],
        upsert_on_primary_key=True,
        schema_auto_update=False,
        include_metadata=False,
        statement_timeout_seconds=300,
    )


def main() -> None:
    bootstrap, url, group, folder = sys.argv[1:]
    application = Application(
        broker_address=bootstrap,
        consumer_group=group,
        auto_offset_reset="earliest",
        state_dir=folder,
        commit_interval=1.0,
        loglevel="WARNING",
    )
    sink = sink_of(url)
    for name, table in TABLES.items():
        topic = application.topic(name, key_deserializer="str", value_deserializer="json")
        rows = application.dataframe(topic).apply(guarded(table), stateful=True, metadata=True)
        rows.filter(lambda row: row is not None).sink(sink)
    application.run()


if __name__ == "__main__":
    main()
