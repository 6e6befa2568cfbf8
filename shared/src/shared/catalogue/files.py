"""What `make contracts` writes: every derived file by its path, and what is there beside them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from shared.catalogue import compatibility, records, revisions
from shared.catalogue.asyncapi import asyncapi
from shared.catalogue.changelog import changelog
from shared.catalogue.json_schemas import Schema, schema_of
from shared.catalogue.pages import FOLDER, pages
from shared.catalogue.reserved import with_reserved_fields
from shared.catalogue.revisions import Revision
from shared.contracts.topic import Event, Topic
from shared.messaging.reactions import Consumer

HISTORY = Path("contracts/history")
GOLDEN = Path("contracts/golden")
SCHEMAS = Path("contracts/schemas")
_DERIVED = (SCHEMAS, FOLDER)
"""Folders in which nothing else may lie."""


class IncompatibleError(ValueError):
    """The registry promises something that a consumer of an earlier revision could not bear."""


@dataclass(frozen=True)
class Catalogue:
    """The derived files as they ought to be, and which of the present ones ought not to be."""

    root: Path
    texts: Mapping[Path, str]

    def outdated(self) -> list[Path]:
        """The files that are not as they ought to be."""
        wrong = [path for path, text in self.texts.items() if _read(self.root / path) != text]
        return sorted([*wrong, *self._left_over()])

    def write(self) -> list[Path]:
        """Make the files what they ought to be; answers those that were not."""
        outdated = self.outdated()
        for path in outdated:
            if path in self.texts:
                (self.root / path).parent.mkdir(parents=True, exist_ok=True)
                (self.root / path).write_text(self.texts[path])
            else:
                (self.root / path).unlink()
        return outdated

    def _left_over(self) -> list[Path]:
        present = (file for folder in _DERIVED for file in (self.root / folder).rglob("*.*"))
        return [
            file.relative_to(self.root)
            for file in present
            if file.relative_to(self.root) not in self.texts
        ]


def catalogue_of(
    facts: Mapping[str, type[Event]], consumers: Sequence[Consumer], root: Path, today: date
) -> Catalogue:
    """The derived files of a registry; raises `IncompatibleError` with every refused change."""
    known = revisions.read_history(root / HISTORY)
    appended = _appended(facts, known, today)
    history = {name: [*known.get(name, ()), *appended.get(name, ())] for name in facts}
    schemas = {
        name: with_reserved_fields(schema_of(fact), history[name]) for name, fact in facts.items()
    }
    texts = {
        **{_file(each): each.text() for new in appended.values() for each in new},
        **_golden(facts, root),
        **{SCHEMAS / f"{name}.json": _json(schema) for name, schema in schemas.items()},
        Path("contracts/asyncapi.yaml"): asyncapi(schemas, _topics(facts), history),
        **pages(schemas, _topics(facts), history, consumers),
        Path("contracts/CHANGELOG.md"): changelog(history),
    }
    return Catalogue(root, texts)


def _appended(
    facts: Mapping[str, type[Event]], known: revisions.History, today: date
) -> dict[str, list[Revision]]:
    problems = compatibility.lost_facts(facts, known)
    appended: dict[str, list[Revision]] = {}
    for name, fact in facts.items():
        revision = revisions.next_revision(fact, known.get(name, ()), today)
        if revision is not None:
            problems += compatibility.refusals(revision, known.get(name, ()))
            appended[name] = [revision]
    if problems:
        raise IncompatibleError("\n".join(problems))
    return appended


def _file(revision: Revision) -> Path:
    return HISTORY / revision.type / f"{revision.revision}.json"


def _golden(facts: Mapping[str, type[Event]], root: Path) -> dict[Path, str]:
    """A golden record for each fact that has none; one that is there is never touched."""
    paths = {name: GOLDEN / f"{name}.json" for name in facts}
    return {
        paths[name]: records.text_of(records.record_of(fact))
        for name, fact in facts.items()
        if not (root / paths[name]).exists()
    }


def _topics(facts: Mapping[str, type[Event]]) -> list[Topic]:
    return list(dict.fromkeys(fact.topic for fact in facts.values()))


def _json(schema: Schema) -> str:
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None
