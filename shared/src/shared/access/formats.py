"""Rights written for people and for other tools: a table, `kafka-acls` lines, Strimzi's resources.

Strimzi: `KafkaUser` of `kafka.strimzi.io/v1`, which its User Operator turns into the same ACLs and
a Secret with the password.
"""

import shlex
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import yaml
from rich.table import Table

from shared.contracts.rights import Right

ADMIN_FILE = "admin.properties"
CLUSTER = "rapport"


def as_table(rights: Iterable[Right]) -> Table:
    """Who may do what, one line per thing; several operations on it stand together."""
    table = Table("principal", "may", "on", "name")
    for (principal, resource, name, is_prefix), operations in _by_thing(rights):
        shown = f"{name}*" if is_prefix else name
        table.add_row(principal, ", ".join(operations).lower(), resource, shown)
    return table


def as_kafka_acls(rights: Iterable[Right]) -> str:
    """Commands for Kafka's own tool; `admin.properties` says who gives them."""
    lines = (
        shlex.join(
            [
                "kafka-acls.sh",
                *("--command-config", ADMIN_FILE),
                "--add",
                *("--allow-principal", f"User:{principal}"),
                *(part for operation in operations for part in ("--operation", operation)),
                *(f"--{resource}", name),
                *(("--resource-pattern-type", "prefixed") if is_prefix else ()),
                "--bootstrap-server",
            ]
        )
        + ' "$BOOTSTRAP"'
        for (principal, resource, name, is_prefix), operations in _by_thing(rights)
    )
    return "\n".join(lines)


def as_strimzi(rights: Iterable[Right], principals: Sequence[str], cluster: str = CLUSTER) -> str:
    """A KafkaUser per principal, as YAML documents, for the Strimzi cluster of that name."""
    granted = sorted(rights)
    users = [
        _kafka_user(name, [right for right in granted if right.principal == name], cluster)
        for name in principals
    ]
    return str(yaml.safe_dump_all(users, sort_keys=False, explicit_start=True))


def _kafka_user(name: str, rights: Sequence[Right], cluster: str) -> dict[str, Any]:
    return {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaUser",
        "metadata": {"name": name, "labels": {"strimzi.io/cluster": cluster}},
        "spec": {
            "authentication": {"type": "scram-sha-512"},
            "authorization": {
                "type": "simple",
                "acls": [
                    {
                        "resource": {
                            "type": resource,
                            "name": thing,
                            "patternType": "prefix" if is_prefix else "literal",
                        },
                        "operations": operations,
                    }
                    for (_, resource, thing, is_prefix), operations in _by_thing(rights)
                ],
            },
        },
    }


_Thing = tuple[str, str, str, bool]


def _by_thing(rights: Iterable[Right]) -> list[tuple[_Thing, list[str]]]:
    def thing(right: Right) -> _Thing:
        return right.principal, right.resource, right.name, right.is_prefix

    return [
        (key, [right.operation for right in group])
        for key, group in groupby(sorted(rights, key=lambda r: (*thing(r), r.operation)), thing)
    ]
