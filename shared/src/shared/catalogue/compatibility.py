"""What may change inside a major version: optional fields come and go, and open codes; no more.

Every revision ever committed is compared, not only the newest: a field that is gone is still known
to somebody's consumer, and to records that are kept for ever.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from shared.catalogue.json_schemas import Schema
from shared.catalogue.revisions import History, Revision
from shared.contracts.codes import KNOWN_VALUES

_FORM = ("type", "format", "pattern", "anyOf")
_LIMITS = (
    *("minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("minItems", "maxItems", "uniqueItems", "multipleOf", "x-max-digits", "x-decimal-places"),
)
_NEW_MAJOR = "declare the next version of the fact and publish both for a while (`also_as`)"


class Refusal(NamedTuple):
    """A change that would break a consumer: where, what, and what to do instead."""

    place: str
    problem: str
    instead: str

    def __str__(self) -> str:
        return f"{self.place} {self.problem}. Instead, {self.instead}."


def refusals(proposed: Revision, known: Sequence[Revision]) -> list[str]:
    """Sentences that say why a fact may not become what it is proposed to be; none if it may."""
    found = [
        f"{proposed.type}: {refusal}"
        for old in reversed(known)
        for refusal in (*_of_the_record(old, proposed), *_of_nodes(old.shape, proposed.shape))
    ]
    return list(dict.fromkeys(found))


def lost_facts(declared: Mapping[str, Any], history: History) -> list[str]:
    """Sentences about facts that were promised and are declared no longer."""
    return [
        f"{name}: it was published and is no longer declared. Instead, keep its class: its records"
        " are read for ever, even when none is written."
        for name in sorted(history.keys() - declared.keys())
    ]


def _of_the_record(old: Revision, new: Revision) -> Iterator[Refusal]:
    for place, before, after in (
        ("its topic", old.topic, new.topic),
        ("its key", old.key, new.key),
    ):
        if before != after:
            yield Refusal(
                place,
                f"was `{before}` and would be `{after}`: order and compaction hang on it",
                "keep it, and declare a fact of a new topic",
            )


def _of_nodes(old: Schema, new: Schema, at: str = "") -> Iterator[Refusal]:
    """Refusals of one node and of all below it; `at` is the path of fields that leads there."""
    place = f"`{at}`" if at else "the body"
    yield from _of_form(old, new, place)
    yield from _of_values(old, new, place)
    yield from _of_default(old, new, place)
    yield from _of_fields(old, new, at)
    for part, mark in (("items", "[]"), ("additionalProperties", "{}"), ("propertyNames", "{key}")):
        yield from _of_part(old.get(part), new.get(part), at + mark)
    yield from _of_places(old.get("prefixItems", []), new.get("prefixItems", []), at)


def _of_form(old: Schema, new: Schema, place: str) -> Iterator[Refusal]:
    if any(old.get(word) != new.get(word) for word in _FORM):
        yield Refusal(
            place,
            f"was {_form(old)} and would be {_form(new)}",
            f"keep it and add an optional field of another name, or {_NEW_MAJOR}",
        )
    for word in _LIMITS:
        if old.get(word) != new.get(word):
            yield Refusal(
                place,
                f"had {word} {old.get(word, 'unset')} and would have {new.get(word, 'unset')}",
                f"keep the limit, or {_NEW_MAJOR}",
            )


def _form(node: Schema) -> str:
    said = [str(node[word]) for word in ("type", "format", "pattern") if word in node]
    return " ".join(said) or "one of several types"


def _of_values(old: Schema, new: Schema, place: str) -> Iterator[Refusal]:
    if (KNOWN_VALUES in old) != (KNOWN_VALUES in new):
        was, becomes = ("open", "closed") if KNOWN_VALUES in old else ("closed", "open")
        yield Refusal(
            place,
            f"was {was} to unknown values and would be {becomes}",
            f"leave it {was}, or {_NEW_MAJOR}",
        )
    elif old.get("enum") != new.get("enum"):
        before, after = set(old.get("enum", ())), set(new.get("enum", ()))
        yield Refusal(
            place,
            f"is a closed set of values and would {_difference(before, after)}",
            f"leave the set as it is, or {_NEW_MAJOR} in which the field is `Open`",
        )


def _difference(before: set[str], after: set[str]) -> str:
    gained = f"gain {', '.join(sorted(after - before))}" if after - before else ""
    lost = f"lose {', '.join(sorted(before - after))}" if before - after else ""
    return " and ".join(filter(None, (gained, lost)))


def _of_default(old: Schema, new: Schema, place: str) -> Iterator[Refusal]:
    was, becomes = old.get("default"), new.get("default")
    if was != becomes:
        yield Refusal(
            place,
            f"meant {was!r} where it is absent and would mean {becomes!r}",
            f"keep the default, or {_NEW_MAJOR}",
        )


def _of_fields(old: Schema, new: Schema, at: str) -> Iterator[Refusal]:
    before: Schema = old.get("properties", {})
    after: Schema = new.get("properties", {})
    must_before, must_after = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(must_after - must_before):
        yield Refusal(
            f"`{_below(at, name)}`",
            "would be required, and there are records without it",
            "make it optional: give it a default",
        )
    for name in sorted(must_before - must_after):
        what = "be optional" if name in after else "be gone"
        yield Refusal(
            f"`{_below(at, name)}`",
            f"is required, consumers count on it, and it would {what}",
            f"keep it required, or {_NEW_MAJOR}",
        )
    for name in sorted(before.keys() & after.keys()):
        yield from _of_nodes(before[name], after[name], _below(at, name))


def _below(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def _of_part(old: Any, new: Any, at: str) -> Iterator[Refusal]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _of_nodes(old, new, at)  # pyright: ignore[reportUnknownArgumentType]
    elif old != new:
        yield Refusal(
            f"`{at}`",
            "holds something of another form",
            f"keep it and add an optional field of another name, or {_NEW_MAJOR}",
        )


def _of_places(old: Sequence[Schema], new: Sequence[Schema], at: str) -> Iterator[Refusal]:
    for place, (before, after) in enumerate(zip(old, new, strict=False)):
        yield from _of_nodes(before, after, f"{at}[{place}]")
