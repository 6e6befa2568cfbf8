"""The AsyncAPI document, read by the AsyncAPI project's own parser from npm."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, FormatChecker
from shared.contracts import FACTS, TOPICS
from shared.messaging.topics import config_of

from tests.contracts.node import program

HERE = Path(__file__).parent / "asyncapi"
DOCUMENT = Path(__file__).parents[2] / "contracts" / "asyncapi.yaml"
A_NEWER_SPECIFICATION_EXISTS = "asyncapi-latest-version"
"""The one thing the parser remarks (as information): 3.0, which tools know, is not the newest."""


@pytest.fixture(scope="session")
def parser() -> Path:
    """The folder with the parser, installed as the lock says where it is not yet."""
    lock = HERE / "package-lock.json"
    installed = HERE / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        command = [program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"npm cannot fetch the AsyncAPI parser here: {done.stderr[-300:]}")
    return HERE


def diagnose(document: Path, parser: Path) -> dict[str, Any]:
    command = [program("node"), str(parser / "diagnose.mjs"), str(document)]
    said = subprocess.run(command, cwd=parser, capture_output=True, text=True, check=True).stdout
    answer: dict[str, Any] = json.loads(said)
    return answer


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text())
    return read


@pytest.mark.timeout(300)
def test_the_parser_finds_everything_and_nothing_to_complain_of(
    parser: Path, document: dict[str, Any]
) -> None:
    answer = diagnose(DOCUMENT, parser)
    remarks = {each["code"]: each["message"] for each in answer["diagnostics"]}
    remarks.pop(A_NEWER_SPECIFICATION_EXISTS, None)
    assert remarks == {}
    assert answer["channels"] == len(document["channels"])
    assert answer["operations"] == len(document["operations"])
    assert answer["messages"] == len(FACTS) + 1  # the tombstone


@pytest.mark.timeout(300)
def test_the_parser_would_complain_of_what_is_wrong(
    parser: Path, document: dict[str, Any], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.yaml"
    small = {name: document[name] for name in ("asyncapi", "info", "defaultContentType")}
    for wrong in (
        {"components": {"securitySchemes": {"scram": {"type": "magic"}}}},
        {"operations": {"lost": {"action": "send", "channel": {"$ref": "#/channels/lost"}}}},
        {"info": {"title": "no version"}},
    ):
        broken.write_text(yaml.safe_dump({**small, **wrong}))
        answer = diagnose(broken, parser)
        assert {each["code"] for each in answer["diagnostics"]} - {A_NEWER_SPECIFICATION_EXISTS}


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft7Validator:
    """A validator of a schema of the document, in the dialect that AsyncAPI takes by default."""
    components = {"components": document["components"]}
    return Draft7Validator({**schema, **components}, format_checker=FormatChecker())


@pytest.mark.parametrize("wire_name", sorted(FACTS))
def test_an_example_is_of_the_schemas_of_its_message(
    wire_name: str, document: dict[str, Any]
) -> None:
    message = document["components"]["messages"][wire_name]
    [example] = message["examples"]
    for part in ("headers", "payload"):
        checked = validator(document, message[part])
        checked.validate(example[part])
        assert not checked.is_valid({})
    other = {**example["headers"], "ce_type": "other"}
    assert not validator(document, message["headers"]).is_valid(other)


def test_each_topic_with_facts_is_a_channel_that_is_kept_as_provisioned(
    document: dict[str, Any],
) -> None:
    told = {name: topic for name, topic in TOPICS.items() if topic.facts}
    assert set(document["channels"]) == set(told)
    for name, topic in told.items():
        channel = document["channels"][name]
        facts = {*topic.facts, *(["tombstone"] if topic.cleanup == "compact" else [])}
        assert set(channel["messages"]) == facts
        kept = channel["bindings"]["kafka"]["topicConfiguration"]
        assert {
            setting: value[0] if isinstance(value, list) else str(value)
            for setting, value in kept.items()
        } == config_of(topic)


def test_the_enterprise_server_asks_for_scram_over_tls(document: dict[str, Any]) -> None:
    server = document["servers"]["enterprise"]
    assert server["protocol"] == "kafka-secure"
    assert server["security"] == [{"$ref": "#/components/securitySchemes/scram"}]
    assert document["components"]["securitySchemes"]["scram"]["type"] == "scramSha512"
