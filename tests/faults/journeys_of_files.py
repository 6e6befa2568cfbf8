"""Journeys of files: many customers, or many people, come at once."""

import json
from collections.abc import Mapping

from tests.faults.travelling import IMPORT, Traveller

IMPORT_ROWS = 1100  # more than one block of a thousand
PEOPLE = 40


async def bring_file(t: Traveller, count: int = IMPORT_ROWS) -> None:
    """A file of customers; as it is, of a little more than one block."""
    word = t.word()
    rows = "".join(f"{word}-{n},Imported {word} {n}\n" for n in range(count))
    spec = {
        "entity_type": "customer",
        "mode": "upsert",
        "mapping": {"ref": "external_id:file", "name": "display_name"},
        "constants": {"kind": "individual", "source": "file"},
    }
    await _start(t, spec, f"ref,name\n{rows}")


async def bring_people(t: Traveller, count: int = PEOPLE) -> None:
    """A file of people with their addresses, each at a customer of whom others speak meanwhile."""
    word = t.word()
    rows = "".join(_person(t, f"{word}-{n}") for n in range(count))
    spec = {
        "entity_type": "contact",
        "mode": "upsert",
        "mapping": {
            "ref": "external_id:file",
            "given": "given_name",
            "family": "family_name",
            "mail": "email",
            "phone": "phone",
            "customer": "customer_external_id:erp",
        },
    }
    await _start(t, spec, f"ref,given,family,mail,phone,customer\n{rows}")


def _person(t: Traveller, ref: str) -> str:
    phone = f"+4930{t.dice.randint(10**6, 10**7 - 1)}"
    customer = t.dice.choice(t.world.parties).ref
    return f"{ref},Kim,Imported-{ref},{ref}@file.example,{phone},{customer}\n"


async def _start(t: Traveller, spec: Mapping[str, object], file: str) -> None:
    started = await t.client.send(
        "start-import",
        "POST",
        "contacts/v1/imports",
        IMPORT,
        files={"file": ("load.csv", file.encode(), "text/csv")},
        data={"spec": json.dumps({**spec, "source_label": "load"})},
    )
    if started:
        t.world.imports.append(started["import_id"])
