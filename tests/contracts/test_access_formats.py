"""Rights in the forms of other tools: Strimzi's resources, Kafka's own commands."""

import json
import shlex
from typing import Any

import jsonschema_rs
import yaml
from shared.access.formats import as_kafka_acls, as_strimzi
from shared.contracts.rights import Right, Role, principals, rights

SUBSCRIBERS: dict[str, Role] = {"analytics": "public", "warehouse": "confidential"}
WANTED = rights(SUBSCRIBERS)

CLOSED = {"type": "object", "additionalProperties": False}
LABEL = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"}
RESOURCE = {
    **CLOSED,
    "properties": {
        "type": {"enum": ["topic", "group", "cluster", "transactionalId"]},
        "name": {"type": "string"},
        "patternType": {"enum": ["literal", "prefix"]},
    },
    "required": ["type"],
}
OPERATION = {
    "enum": [
        "Read",
        "Write",
        "Create",
        "Delete",
        "Alter",
        "Describe",
        "ClusterAction",
        "AlterConfigs",
        "DescribeConfigs",
        "IdempotentWrite",
        "All",
    ]
}
ACL = {
    **CLOSED,
    "properties": {
        "type": {"enum": ["allow", "deny"]},
        "resource": RESOURCE,
        "host": {"type": "string"},
        "operations": {"type": "array", "items": OPERATION},
    },
    "required": ["resource", "operations"],
}
KAFKA_USER = {
    **CLOSED,
    "properties": {
        "apiVersion": {"const": "kafka.strimzi.io/v1"},
        "kind": {"const": "KafkaUser"},
        "metadata": {
            **CLOSED,
            "properties": {
                "name": LABEL,
                "labels": {
                    **CLOSED,
                    "properties": {"strimzi.io/cluster": LABEL},
                    "required": ["strimzi.io/cluster"],
                },
            },
            "required": ["name", "labels"],
        },
        "spec": {
            **CLOSED,
            "properties": {
                "authentication": {
                    **CLOSED,
                    "properties": {"type": {"enum": ["tls", "tls-external", "scram-sha-512"]}},
                    "required": ["type"],
                },
                "authorization": {
                    **CLOSED,
                    "properties": {
                        "type": {"const": "simple"},
                        "acls": {"type": "array", "items": ACL},
                    },
                    "required": ["acls", "type"],
                },
            },
            "required": ["authentication", "authorization"],
        },
    },
    "required": ["apiVersion", "kind", "metadata", "spec"],
}
"""The part of Strimzi's KafkaUser v1 that we write, as its API reference has it, nothing else."""


def users() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(as_strimzi(WANTED, principals(SUBSCRIBERS), "production")))


def test_every_principal_is_a_kafka_user_as_strimzi_documents_it() -> None:
    validator = jsonschema_rs.validator_for(json.dumps(KAFKA_USER))
    found = users()
    assert [user["metadata"]["name"] for user in found] == principals(SUBSCRIBERS)
    for user in found:
        validator.validate(user)
        assert user["metadata"]["labels"] == {"strimzi.io/cluster": "production"}


def test_a_wrong_resource_would_be_found() -> None:
    validator = jsonschema_rs.validator_for(json.dumps(KAFKA_USER))
    wrong = users()[0]
    wrong["spec"]["authorization"]["acls"][0]["operation"] = "Read"  # the v1beta2 name
    assert not validator.is_valid(wrong)


def test_strimzi_grants_exactly_what_the_registry_says() -> None:
    written = {
        Right(
            user["metadata"]["name"],
            acl["resource"]["type"],
            acl["resource"]["name"],
            operation,
            is_prefix=acl["resource"]["patternType"] == "prefix",
        )
        for user in users()
        for acl in user["spec"]["authorization"]["acls"]
        for operation in acl["operations"]
    }
    assert written == WANTED


def test_kafkas_own_commands_grant_exactly_what_the_registry_says() -> None:
    written: set[Right] = set()
    for line in as_kafka_acls(WANTED).splitlines():
        words = shlex.split(line)
        assert words[:4] == ["kafka-acls.sh", "--command-config", "admin.properties", "--add"]
        assert words[-2:] == ["--bootstrap-server", "$BOOTSTRAP"]
        options = list(zip(words[4:-2:2], words[5:-2:2], strict=True))
        [principal] = [value for name, value in options if name == "--allow-principal"]
        [(resource, thing)] = [pair for pair in options if pair[0] in {"--topic", "--group"}]
        for name, operation in options:
            if name == "--operation":
                written.add(
                    Right(
                        principal.removeprefix("User:"),
                        resource.removeprefix("--"),  # type: ignore[arg-type]
                        thing,
                        operation,  # type: ignore[arg-type]
                        is_prefix=("--resource-pattern-type", "prefixed") in options,
                    )
                )
    assert written == WANTED
