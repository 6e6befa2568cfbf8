"""A JSON Schema (2020-12) per fact and per snapshot, written from its class.

It describes what is published: a value that is not there is a field that is not there (never
null), a decimal is a text, and further fields may come. Its `$id` is the `ce_dataschema` of the
records; compatible revisions share it, as CloudEvents has it, and a new major version has another.
"""

from typing import Any, TypeAlias, cast

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from shared.contracts.examples import example_of
from shared.contracts.topic import Event, successor_of
from shared.messaging.envelope import schema_id

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DECIMAL = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"

Schema: TypeAlias = dict[str, Any]


class _AsPublished(GenerateJsonSchema):
    """Pydantic's generator, without its titles of fields, and with the forms that we publish."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 -- never
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> Schema:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Schema:
        described = super().default_schema(schema)
        return {
            name: value
            for name, value in described.items()
            if name != "default" or value is not None
        }

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> Schema:
        limits = {
            "x-max-digits": schema.get("max_digits"),
            "x-decimal-places": schema.get("decimal_places"),
        }
        said = {name: limit for name, limit in limits.items() if limit is not None}
        return {"type": "string", "pattern": DECIMAL, **said}

    def dict_schema(self, schema: core_schema.DictSchema) -> Schema:
        described = super().dict_schema(schema)
        if schema.get("keys_schema", {}).get("type") == "int":
            described["propertyNames"] = {"pattern": "^-?[0-9]+$"}
        return described


def schema_of(fact: type[Event]) -> Schema:
    """The schema of a fact's body, with its example and what the registry says of its topic."""
    body = body_of(fact)
    return {
        "$schema": DIALECT,
        "$id": schema_id(fact),
        "title": body.pop("title"),
        "description": meaning_of(fact),
        **({"deprecated": True} if successor_of(fact) else {}),
        "x-publisher": fact.topic.publisher,
        "x-topic": fact.topic.name,
        "x-key": fact.topic.key,
        "x-personal-data": fact.topic.personal_data,
        "type": body.pop("type"),
        **{name: part for name, part in body.items() if name not in {"$defs", "description"}},
        **({"$defs": body["$defs"]} if "$defs" in body else {}),
        "examples": [example_of(fact)],
    }


def body_of(fact: type[Event]) -> Schema:
    """What the class alone says of the body."""
    return fact.model_json_schema(mode="serialization", schema_generator=_AsPublished)


def meaning_of(fact: type[Event]) -> str:
    """The sentences that the class says of itself, each paragraph on a line."""
    paragraphs = (fact.__doc__ or "").split("\n\n")
    successor = successor_of(fact)
    if successor is not None:
        paragraphs.append(f"Replaced by {successor[0].type}; published until {successor[1]}.")
    return "\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


_SAID_IN_PASSING = {"title", "description", "examples", "deprecated", "const"}
_PARTS = ("items", "additionalProperties", "propertyNames")
_SETS = {"required", "enum", "x-extensible-enum"}


def shape_of(schema: Schema) -> Schema:
    """What of a schema binds: references resolved, words left out, sets in order."""
    return _shape(schema, schema.get("$defs", {}))


def _shape(node: Schema, definitions: Schema) -> Schema:
    if "$ref" in node:
        named = cast("Schema", definitions[node["$ref"].rpartition("/")[2]])
        node = {**named, **{name: value for name, value in node.items() if name != "$ref"}}
    if "const" in node:  # a set of one value
        node = {**node, "enum": [node["const"]]}
    return {
        name: _part(name, value, definitions)
        for name, value in sorted(node.items())
        if name not in _SAID_IN_PASSING and not _is_about_the_document(name)
    }


def _is_about_the_document(name: str) -> bool:
    return name.startswith("$") or name in {"x-publisher", "x-topic", "x-key", "x-personal-data"}


def _part(name: str, value: Any, definitions: Schema) -> Any:
    if name == "properties":
        return {field: _shape(node, definitions) for field, node in sorted(value.items())}
    if name in _PARTS and isinstance(value, dict):
        return _shape(cast("Schema", value), definitions)
    if name in {"prefixItems", "anyOf"}:
        return [_shape(each, definitions) for each in value]
    return sorted(value) if name in _SETS else value
