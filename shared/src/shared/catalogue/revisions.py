"""The revisions of each schema that were ever committed; appended to, never changed.

`contracts/history/<ce_type>/<n>.json` holds the shape of revision n, its topic and key, and the
day on which it was first written down.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

from shared.catalogue.json_schemas import Schema, body_of, shape_of
from shared.contracts.topic import Event

History: TypeAlias = Mapping[str, Sequence["Revision"]]


@dataclass(frozen=True)
class Revision:
    """What a fact promised from a day on; `type` is its `ce_type`, `key` the record's key."""

    type: str
    revision: int
    date: str
    topic: str
    key: str
    shape: Schema

    @property
    def promise(self) -> tuple[str, str, Schema]:
        """All of it but number and day."""
        return self.topic, self.key, self.shape

    def text(self) -> str:
        """The committed file."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"


def read_history(folder: Path) -> dict[str, list[Revision]]:
    """Every revision by `ce_type`, oldest first."""
    history: dict[str, list[Revision]] = {}
    for file in folder.glob("*/*.json"):
        written: dict[str, Any] = json.loads(file.read_text())
        history.setdefault(file.parent.name, []).append(Revision(**written))
    for revisions in history.values():
        revisions.sort(key=lambda each: each.revision)
    return history


def revision_of(fact: type[Event], today: date, number: int = 1) -> Revision:
    """A fact as its class says it today."""
    shape = shape_of(body_of(fact))
    return Revision(fact.type, number, today.isoformat(), fact.topic.name, fact.topic.key, shape)


def next_revision(fact: type[Event], known: Sequence[Revision], today: date) -> Revision | None:
    """The revision to append, if the fact promises something else than its newest one."""
    proposed = revision_of(fact, today, len(known) + 1)
    return None if known and proposed.promise == known[-1].promise else proposed
