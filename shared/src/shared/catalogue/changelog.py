"""contracts/CHANGELOG.md: what changed in the published language, day by day."""

from collections import defaultdict
from collections.abc import Iterator

from shared.catalogue.json_schemas import Schema
from shared.catalogue.revisions import History, Revision
from shared.contracts.codes import KNOWN_VALUES

_HEAD = """# Changelog of the published language

Written by `make contracts` from `history/`. Inside a major version optional fields come and go and
open codes are added; everything else is a new type. See [how facts change](../docs/events.md).
"""


def changelog(history: History) -> str:
    """The whole file, newest day first."""
    days: dict[str, list[str]] = defaultdict(list)
    for revisions in history.values():
        for before, after in zip((None, *revisions), revisions, strict=False):
            days[after.date].append(_entry(before, after))
    sections = [f"\n## {day}\n\n{''.join(sorted(days[day]))}" for day in sorted(days, reverse=True)]
    return _HEAD + "".join(sections)


def _entry(before: Revision | None, after: Revision) -> str:
    if before is None:
        return f"- `{after.type}`: published on `{after.topic}`, keyed by `{after.key}`\n"
    changes = "; ".join(differences(before.shape, after.shape))
    return f"- `{after.type}` (revision {after.revision}): {changes}\n"


def differences(old: Schema, new: Schema, at: str = "") -> Iterator[str]:
    """What a compatible revision added and took away."""
    before: Schema = old.get("properties", {})
    after: Schema = new.get("properties", {})
    for name in sorted(after.keys() - before.keys()):
        yield f"optional `{at}{name}` added"
    for name in sorted(before.keys() - after.keys()):
        yield f"optional `{at}{name}` no longer written"
    for name in sorted(before.keys() & after.keys()):
        yield from differences(before[name], after[name], f"{at}{name}.")
    yield from _codes(old, new, at.removesuffix("."))
    for part in ("items", "additionalProperties"):
        if isinstance(old.get(part), dict) and isinstance(new.get(part), dict):
            yield from differences(old[part], new[part], at)


def _codes(old: Schema, new: Schema, at: str) -> Iterator[str]:
    before, after = set(old.get(KNOWN_VALUES, ())), set(new.get(KNOWN_VALUES, ()))
    if after - before:
        yield f"`{at}` may also be {', '.join(sorted(after - before))}"
    if before - after:
        yield f"`{at}` is no longer {', '.join(sorted(before - after))}"
