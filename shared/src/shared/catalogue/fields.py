"""The fields of a schema as rows that a person reads: path, form, and what to know of each."""

import json
from collections.abc import Iterator
from typing import NamedTuple, cast

from shared.catalogue.json_schemas import DECIMAL, Schema
from shared.contracts.codes import KNOWN_VALUES


class Field(NamedTuple):
    """One row; `name` is the path, with [] for each of a list and {} for each of a map."""

    name: str
    form: str
    remark: str


def fields_of(schema: Schema) -> list[Field]:
    """All fields of a body, those of nested things below theirs."""
    return list(_fields(schema, schema.get("$defs", {}), ""))


def _fields(node: Schema, definitions: Schema, at: str) -> Iterator[Field]:
    node = _resolved(node, definitions)
    required = set(node.get("required", ()))
    for name, raw in node.get("properties", {}).items():
        part, mark = _innermost(_resolved(raw, definitions), definitions)
        yield Field(
            f"{at}{name}", _form(raw, definitions), _remark(raw, is_required=name in required)
        )
        yield from _fields(part, definitions, f"{at}{name}{mark}.")


def _innermost(node: Schema, definitions: Schema) -> tuple[Schema, str]:
    """What a list or map holds in the end, and the marks of the way there."""
    for part, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(node.get(part), dict):
            inner, marks = _innermost(_resolved(node[part], definitions), definitions)
            return inner, mark + marks
    return node, ""


def _form(node: Schema, definitions: Schema) -> str:
    node = _resolved(node, definitions)
    if isinstance(node.get("items"), dict):
        return f"list of {_form(node['items'], definitions)}"
    if isinstance(node.get("additionalProperties"), dict):
        return f"map to {_form(node['additionalProperties'], definitions)}"
    if "enum" in node:
        return f"one of {', '.join(node['enum'])}"
    if KNOWN_VALUES in node:
        return f"code: {', '.join(node[KNOWN_VALUES])}, others to come"
    if node.get("pattern") == DECIMAL:
        return "decimal, as text"
    return _plain(node)


def _plain(node: Schema) -> str:
    names = {"string": "text", "integer": "whole number", "object": "object", "array": "list"}
    kind = str(node.get("type", "any"))
    return str(node.get("format", names.get(kind, kind)))


def _remark(node: Schema, *, is_required: bool) -> str:
    if node.get("deprecated"):
        return "no longer written"
    if is_required:
        return ""
    absent = f", {json.dumps(node['default'])} if absent" if "default" in node else ""
    return f"optional{absent}"


def _resolved(node: Schema, definitions: Schema) -> Schema:
    if "$ref" not in node:
        return node
    return cast("Schema", definitions[node["$ref"].rpartition("/")[2]])
