"""A schema in draft-07, for tools that know no newer one: AsyncAPI's default, schema registries.

References are written out: such tools look for `#/$defs/…` below the schema's `$id`, and fail.
"""

from collections.abc import Sequence
from typing import Any, cast

from shared.catalogue.json_schemas import Schema

DIALECT = "http://json-schema.org/draft-07/schema#"
_RENAMED = {"prefixItems": "items"}


def as_draft_07(schema: Schema) -> Schema:
    """The same schema in the older dialect."""
    whole = {name: part for name, part in schema.items() if name != "$defs"}
    return {**_written_out(whole, schema.get("$defs", {})), "$schema": DIALECT}


def _written_out(node: Any, definitions: Schema) -> Any:
    if isinstance(node, list):
        return [_written_out(each, definitions) for each in cast("Sequence[Any]", node)]
    if not isinstance(node, dict):
        return node
    part = cast("Schema", node)
    if "$ref" in part:
        return _written_out(definitions[part["$ref"].rpartition("/")[2]], definitions)
    return {
        _RENAMED.get(name, name): _written_out(value, definitions) for name, value in part.items()
    }
