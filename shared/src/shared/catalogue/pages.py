"""docs/events/: the catalogue as one page that any browser opens and searches without a server."""

import json
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, TypeAlias

import jinja2

from shared.catalogue.fields import fields_of
from shared.catalogue.json_schemas import Schema, meaning_of
from shared.catalogue.reactors import reactors_of
from shared.catalogue.revisions import History, Revision
from shared.contracts.topic import Event, Topic
from shared.messaging.reactions import Consumer

Row: TypeAlias = dict[str, Any]

FOLDER = Path("docs/events")
_SITE = resources.files("shared.catalogue") / "site"
_PERSONAL = {
    "none": "nothing of people",
    "pseudonymous": "ids and codes of people, no names",
    "personal": "personal data",
}


def pages(
    schemas: Mapping[str, Schema],
    topics: Sequence[Topic],
    history: History,
    consumers: Sequence[Consumer],
) -> dict[Path, str]:
    """The files of the catalogue by their path."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    rows = [_topic(topic, schemas, history, consumers) for topic in topics]
    page = environment.from_string(_text("index.html.j2")).render(
        facts=len(schemas),
        topics=rows,
        services=list(dict.fromkeys(topic.publisher for topic in topics)),
    )
    plain = {name: _text(name) for name in ("catalogue.css", "catalogue.js")}
    return {FOLDER / name: text for name, text in {"index.html": page + "\n", **plain}.items()}


def _text(name: str) -> str:
    return (_SITE / name).read_text()


def _topic(
    topic: Topic, schemas: Mapping[str, Schema], history: History, consumers: Sequence[Consumer]
) -> Row:
    days = f"{topic.retention_days} days" if topic.retention_days else "for ever"
    return {
        "name": topic.name,
        "publisher": topic.publisher,
        "holds": topic.holds,
        "key": topic.key,
        "kept": "the last per key" if topic.cleanup == "compact" else days,
        "personal_data": topic.personal_data,
        "personal_words": _PERSONAL[topic.personal_data],
        "facts": [
            _fact(fact, schemas[name], history[name], reactors_of(fact, consumers))
            for name, fact in topic.facts.items()
        ],
    }


def _fact(
    fact: type[Event], schema: Schema, revisions: Sequence[Revision], reactors: list[str]
) -> Row:
    summary, _, more = meaning_of(fact).partition("\n")
    row: Row = {
        "type": fact.type,
        "title": _words(fact.__name__),
        "summary": summary,
        "more": more,
        "reactors": reactors,
        "since": revisions[0].date,
        "revision": revisions[-1].revision,
        "revised": revisions[-1].date,
        "fields": fields_of(schema),
        "example": json.dumps(schema["examples"][0], indent=2, ensure_ascii=False),
    }
    return {**row, "search": _search_text(fact, row)}


def _words(name: str) -> str:
    """`DealWon` as a person says it."""
    first, *others = re.findall(r"[A-Z][a-z]+|[A-Z]+(?![a-z])|\d+", name)
    return " ".join([first, *(word.lower() for word in others)])


def _search_text(fact: type[Event], row: Row) -> str:
    """All that a fact is found by, in small letters."""
    topic = fact.topic
    parts = [
        *(row["title"], row["summary"], row["more"], fact.type, fact.__name__, topic.name),
        *(topic.publisher, topic.holds, topic.personal_data, *row["reactors"]),
        *(f"{field.name} {field.form}" for field in row["fields"]),
    ]
    return " ".join(" ".join(parts).lower().split())
