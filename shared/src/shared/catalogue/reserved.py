"""Fields that a fact no longer has: they stay in its schema, so that nobody reuses their names.

A subscriber of an earlier revision still reads them where they stand in older records. And an
exported schema that kept quiet about them would let a registry take them for something else.
"""

import copy
from collections.abc import Sequence
from typing import cast

from shared.catalogue.json_schemas import Schema
from shared.catalogue.revisions import Revision

_GONE = "No longer written."


def with_reserved_fields(schema: Schema, history: Sequence[Revision]) -> Schema:
    """The schema with every field that an earlier revision had, marked deprecated."""
    whole = copy.deepcopy(schema)
    for revision in reversed(history):
        _reserve(whole, revision.shape, whole)
    return whole


def _reserve(node: Schema, old: Schema, whole: Schema) -> None:
    node = _resolved(node, whole)
    for name, was in old.get("properties", {}).items():
        fields: Schema = node.setdefault("properties", {})
        if name in fields:
            _reserve(fields[name], was, whole)
        else:
            fields[name] = {**was, "deprecated": True, "description": _GONE}
    for part in ("items", "additionalProperties"):
        if isinstance(node.get(part), dict) and isinstance(old.get(part), dict):
            _reserve(node[part], old[part], whole)


def _resolved(node: Schema, whole: Schema) -> Schema:
    if "$ref" not in node:
        return node
    return cast("Schema", whole["$defs"][node["$ref"].rpartition("/")[2]])
