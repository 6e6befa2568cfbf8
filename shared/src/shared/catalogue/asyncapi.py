"""contracts/asyncapi.yaml: the topics as channels of AsyncAPI 3.0, with every fact as a message.

Rapport sends on its own topics and receives on those of other systems. Schemas are written inline
in the dialect that AsyncAPI takes by default (draft-07 with its own words); the files beside it
are the same in 2020-12.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import yaml

from shared.catalogue import records
from shared.catalogue.draft_07 import as_draft_07
from shared.catalogue.header_schema import HEADERS, HEADERS_OF_OTHERS
from shared.catalogue.json_schemas import Schema, meaning_of
from shared.catalogue.revisions import History
from shared.contracts.topic import PARTITIONS, Event, Topic
from shared.messaging.topics import config_of

Part: TypeAlias = dict[str, Any]

_ABOUT = """\
The facts that Rapport publishes on Kafka, and those that it reads from other systems.

At least once, in order per key; a repeat has the same ce_id and ce_aggregateversion, so keep the
highest version per key, or the ids. Across keys and topics there is no order. Inside a version of
a type optional fields and values of open codes come and go, nothing else; another meaning is
another type. Skip the types that you do not know, ignore the fields that you do not know.
"""
_BINDING = "0.5.0"
_COMPACTED = "A record without a body is the end of its key: forget what you know of it."
_ALL = "Facts of all types of the aggregate stand in it; `ce_type` says which."


def asyncapi(schemas: Mapping[str, Schema], topics: Iterable[Topic], history: History) -> str:
    """The document as YAML; `schemas` by `ce_type`."""
    told = [topic for topic in topics if topic.facts]
    facts = {name: fact for topic in told for name, fact in topic.facts.items()}
    document: Part = {
        "asyncapi": "3.0.0",
        "id": "urn:rapport",
        "info": _info(history),
        "defaultContentType": "application/json",
        "servers": _servers(),
        "channels": {topic.name: _channel(topic) for topic in told},
        "operations": {_operation_id(topic): _operation(topic) for topic in told},
        "components": {
            "messages": {
                **{name: _message(fact, history) for name, fact in facts.items()},
                "tombstone": _tombstone(),
            },
            "schemas": {
                "headers": HEADERS,
                "headers-of-others": HEADERS_OF_OTHERS,
                **{name: _payload(schemas[name]) for name in facts},
            },
            "securitySchemes": {"scram": _scram()},
        },
    }
    return yaml.dump(document, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100)


class _Plain(yaml.SafeDumper):
    """Writes no anchors: a schema that is used twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 -- never
        return True


def _text(_: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, style=style)


_Plain.add_representer(str, _text)


def _info(history: History) -> Part:
    newest = max(revisions[-1].date for revisions in history.values())
    return {
        "title": "Rapport events",
        "version": newest.replace("-", "."),
        "description": _ABOUT,
        "tags": [{"name": "crm"}, {"name": "cloudevents"}],
    }


def _servers() -> Part:
    return {
        "enterprise": {
            "host": "{bootstrap}",
            "protocol": "kafka-secure",
            "description": "The company's Kafka: SASL over TLS, one principal per subscriber.",
            "variables": {
                "bootstrap": {
                    "description": "KAFKA_BOOTSTRAP_SERVERS",
                    "default": "kafka.example.com:9093",
                }
            },
            "security": [{"$ref": "#/components/securitySchemes/scram"}],
        },
        "local": {
            "host": "localhost:8106",
            "protocol": "kafka",
            "description": "What `make up` starts on this machine.",
        },
    }


def _scram() -> Part:
    return {
        "type": "scramSha512",
        "description": "SASL SCRAM-SHA-512 with a name and a password, inside TLS. ACLs deny by"
        " default: a subscriber may read the topics that it was given.",
    }


def _channel(topic: Topic) -> Part:
    names = [*topic.facts, *(["tombstone"] if topic.cleanup == "compact" else [])]
    return {
        "address": topic.name,
        "title": topic.holds,
        "description": f"{topic.holds[0].upper()}{topic.holds[1:]}. Published by"
        f" {topic.publisher}, keyed by `{topic.key}`."
        f" {_COMPACTED if topic.cleanup == 'compact' else _ALL}",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "tags": [{"name": topic.publisher}, {"name": f"personal-data:{topic.personal_data}"}],
        "bindings": {"kafka": _topic_binding(topic)},
        "x-personal-data": topic.personal_data,
    }


def _topic_binding(topic: Topic) -> Part:
    config: Part = {
        name: [value] if name == "cleanup.policy" else int(value)
        for name, value in config_of(topic).items()
    }
    return {
        "topic": topic.name,
        "partitions": PARTITIONS,
        "topicConfiguration": config,
        "bindingVersion": _BINDING,
    }


def _is_ours(topic: Topic) -> bool:
    return not topic.publisher.startswith("ext:")


def _operation_id(topic: Topic) -> str:
    return f"{'publish' if _is_ours(topic) else 'read'}.{topic.name}"


def _operation(topic: Topic) -> Part:
    channel = f"#/channels/{topic.name}"
    return {
        "action": "send" if _is_ours(topic) else "receive",
        "channel": {"$ref": channel},
        "title": f"{'Publish' if _is_ours(topic) else 'Read'} {topic.holds}",
        "summary": f"Rapport {'publishes' if _is_ours(topic) else 'reads'} {topic.holds}.",
        "tags": [{"name": topic.publisher}],
        "messages": [{"$ref": f"{channel}/messages/{name}"} for name in topic.facts],
    }


def _message(fact: type[Event], history: History) -> Part:
    record = records.record_of(fact)
    return {
        "name": fact.type,
        "title": fact.__name__,
        "summary": meaning_of(fact).split("\n")[0],
        "description": meaning_of(fact),
        "contentType": "application/json",
        "correlationId": {"location": "$message.header#/ce_correlationid"},
        "headers": _headers(fact),
        "payload": {"$ref": f"#/components/schemas/{fact.type}"},
        "bindings": {"kafka": _key_binding(fact)},
        "examples": [{"name": "example", "headers": record["headers"], "payload": record["value"]}],
        "x-since": history[fact.type][0].date,
        "x-revision": history[fact.type][-1].revision,
    }


def _headers(fact: type[Event]) -> Part:
    named = "headers" if _is_ours(fact.topic) else "headers-of-others"
    return {
        "type": "object",
        "properties": {"ce_type": {"type": "string", "const": fact.type}},
        "allOf": [{"$ref": f"#/components/schemas/{named}"}],
    }


def _key_binding(fact: type[Event]) -> Part:
    is_uuid = "UUID" in str(fact.model_fields[fact.topic.key].annotation)
    form = {"format": "uuid"} if is_uuid else {}
    key = {"type": "string", **form, "description": f"The value of `{fact.topic.key}`, as text."}
    return {"key": key, "bindingVersion": _BINDING}


def _tombstone() -> Part:
    return {
        "name": "tombstone",
        "title": "Tombstone",
        "summary": "The end of a key on a compacted topic.",
        "description": _COMPACTED,
        "contentType": "application/json",
        "payload": {"type": "null"},
    }


def _payload(schema: Schema) -> Schema:
    """A schema in AsyncAPI's own dialect."""
    parts = as_draft_07(schema).items()
    named = {name: part for name, part in parts if not name.startswith("$")}
    return {**named, "x-schema-id": schema["$id"]}
