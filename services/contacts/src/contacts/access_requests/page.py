"""The bundle as a page that a person reads: one file, nothing loaded, every text escaped."""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, cast

_TIME = re.compile(r"^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(:\d{2})?(\.\d+)?(Z|\+00:00)$")
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;color:#222}
h2{border-bottom:2px solid #ccc;margin-top:3rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.875rem}
th,td{border:1px solid #ccc;padding:.3rem .6rem;text-align:left;vertical-align:top}
th{background:#f3f3f3}
"""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>What is held about you</title>
<style>{style}</style></head><body>
<h1>What is held about you</h1>
<p>All that every department holds of you, as of {made_at}. Request {request_id}.
This file can be downloaded until {expires_at}; times are UTC.</p>
{departments}
</body></html>
"""
DEPARTMENTS = {
    "contacts": "Contacts: who you are, what you allowed, what you asked for",
    "pipeline": "Sales: interest, deals and orders",
    "service-desk": "Service: tickets and surveys",
    "campaigns": "Marketing: forms, messages and responses",
    "customer-360": "Overview: what happened when, and what is computed of it",
}


def page_of(bundle: Mapping[str, Any]) -> str:
    """The whole page of a bundle."""
    parts: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]] = bundle["parts"]
    return _PAGE.format(
        style=_STYLE,
        made_at=_shown(bundle["made_at"]),
        expires_at=_shown(bundle["expires_at"]),
        request_id=_shown(bundle["request_id"]),
        departments="\n".join(_department(name, part) for name, part in parts.items()),
    )


def _department(name: str, part: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    sections = "\n".join(_section(section, rows) for section, rows in part.items())
    return f"<h2>{escape(DEPARTMENTS.get(name, name))}</h2>\n{sections}"


def _section(name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    title = f"<h3>{escape(_words(name))}</h3>"
    if not rows:
        return f"{title}<p>Nothing is held.</p>"
    columns = list(dict.fromkeys(column for row in rows for column in row))
    head = "".join(f"<th>{escape(_words(column))}</th>" for column in columns)
    body = "".join(_row(row.get(column) for column in columns) for row in rows)
    return f'{title}<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _row(values: Iterable[Any]) -> str:
    return f"<tr>{''.join(f'<td>{_shown(value)}</td>' for value in values)}</tr>"


def _shown(value: Any) -> str:
    """A value as people write it; lists and objects as lines."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        named = cast("dict[str, Any]", value).items()
        return "<br>".join(f"{escape(_words(name))}: {_shown(each)}" for name, each in named)
    if isinstance(value, list):
        lines: list[Any] = [*value]
        return "<br>".join(map(_shown, lines))
    return escape(_TIME.sub(r"\1 \2", str(value)))


def _words(name: str) -> str:
    """A name as people read it; a code, as of a currency, stays as it is."""
    return name if name.isupper() else name.replace("_", " ").capitalize()
