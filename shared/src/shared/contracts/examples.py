"""One realistic body per fact, beside the classes: one customer's story, from a form to an order.

`examples/<ce_type>.json` is the body as the outbox would write it. Schemas, the AsyncAPI document
and the catalogue show it, and the golden record of a new fact is made of it.
"""

import json
from importlib import resources
from typing import Any

from shared.contracts.topic import Event

_FOLDER = resources.files("shared.contracts") / "examples"


class ExampleMissingError(LookupError):
    """A fact is declared and nobody has written its example."""

    def __init__(self, fact: type[Event]) -> None:
        super().__init__(
            f"{fact.type} has no example:"
            f" write shared/src/shared/contracts/examples/{fact.type}.json, one realistic body"
        )


def example_of(fact: type[Event]) -> dict[str, Any]:
    """The example body of a fact; raises `ExampleMissingError`."""
    try:
        text = (_FOLDER / f"{fact.type}.json").read_text()
    except FileNotFoundError:
        raise ExampleMissingError(fact) from None
    body: dict[str, Any] = json.loads(text)
    return body


def names_of_examples() -> set[str]:
    """The `ce_type` of every example that there is."""
    return {file.name.removesuffix(".json") for file in _FOLDER.iterdir()}
