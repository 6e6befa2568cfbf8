"""`rapport schemas export`, against a real Apicurio Registry."""

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from shared.catalogue.draft_07 import as_draft_07
from shared.catalogue.reserved import with_reserved_fields
from shared.catalogue.revisions import read_history
from shared.cli import main
from shared.contracts import FACTS
from shared.schema_registry import COMPATIBILITY

from tests.contracts import apicurio

CONTRACTS = Path(__file__).parents[2] / "contracts"
SUBJECT = "crm.pipeline.order.revised.v1"

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def registry() -> Iterator[str]:
    with apicurio.registry() as url:
        assert run(url).output.endswith(f"schemas: {len(FACTS)} new, 0 unchanged\n")
        yield url


def run(url: str, folder: Path = CONTRACTS / "schemas") -> Result:
    arguments = ["schemas", "export", "--registry", url, "--schemas", str(folder)]
    return CliRunner().invoke(main, arguments)


@pytest.fixture
def revised(tmp_path: Path) -> Any:
    """Write the schema of one subject, changed, into a folder of its own."""

    def write(**changes: Any) -> Path:
        schema = json.loads((CONTRACTS / "schemas" / f"{SUBJECT}.json").read_text())
        schema.update(changes)
        (tmp_path / f"{SUBJECT}.json").write_text(json.dumps(schema))
        return tmp_path

    return write


def versions(url: str) -> list[int]:
    found: list[int] = httpx.get(f"{url}/subjects/{SUBJECT}/versions").json()
    return found


def test_every_schema_is_a_subject_of_the_level_that_our_rules_allow(registry: str) -> None:
    assert set(httpx.get(f"{registry}/subjects").json()) == set(FACTS)
    for subject in FACTS:
        level = httpx.get(f"{registry}/config/{subject}").json()
        assert level == {"compatibilityLevel": COMPATIBILITY}


def test_what_the_registry_holds_is_what_is_committed(registry: str) -> None:
    for subject in FACTS:
        held = httpx.get(f"{registry}/subjects/{subject}/versions/1").json()
        committed = json.loads((CONTRACTS / "schemas" / f"{subject}.json").read_text())
        assert json.loads(held["schema"]) == as_draft_07(committed)


def test_a_repeat_changes_nothing(registry: str) -> None:
    result = run(registry)
    assert result.exit_code == 0
    assert result.output.endswith(f"schemas: 0 new, {len(FACTS)} unchanged\n")
    assert versions(registry) == [1]


def test_what_our_gate_allows_the_registry_takes(registry: str, revised: Any) -> None:
    """An optional field comes, then goes again; its name stays reserved."""
    before = json.loads((CONTRACTS / "schemas" / f"{SUBJECT}.json").read_text())
    wider = {**before["properties"], "warehouse": {"type": "string"}}
    assert "1 new" in run(registry, revised(properties=wider)).output
    first = read_history(CONTRACTS / "history")[SUBJECT][0]
    fields = {**first.shape["properties"], "warehouse": {"type": "string"}}
    second = replace(first, shape={**first.shape, "properties": fields})
    gone = with_reserved_fields(before, [first, second])
    assert gone["properties"]["warehouse"]["deprecated"]
    assert "1 new" in run(registry, revised(**gone)).output
    assert versions(registry) == [1, 2, 3]


def test_a_schema_that_forgets_a_field_is_refused_and_the_registry_says_why(
    registry: str, revised: Any
) -> None:
    held = versions(registry)
    before = json.loads((CONTRACTS / "schemas" / f"{SUBJECT}.json").read_text())
    less = {name: form for name, form in before["properties"].items() if name != "currency"}
    required = [name for name in before["required"] if name != "currency"]
    result = run(registry, revised(properties=less, required=required))
    assert result.exit_code == 1
    assert f"{SUBJECT}: not compatible with what the registry holds" in result.output
    assert versions(registry) == held


def test_an_address_that_is_no_registry_is_told_so(registry: str) -> None:
    result = run(registry.replace("/ccompat/v7", "/nothing"))
    assert result.exit_code == 1
    assert "is no schema registry" in result.output


def test_an_address_that_does_not_answer_is_told_so() -> None:
    result = run("http://127.0.0.1:1")
    assert result.exit_code == 1
    assert "http://127.0.0.1:1 does not answer" in result.output


def test_a_folder_without_schemas_is_told_so(tmp_path: Path) -> None:
    result = run("http://127.0.0.1:1", tmp_path)
    assert result.exit_code == 1
    assert "name their folder with --schemas" in result.output


class Guarded(BaseHTTPRequestHandler):
    """A registry behind a proxy that nobody passes; it notes what it was shown."""

    shown: list[str | None]

    def do_GET(self) -> None:
        self.shown.append(self.headers["Authorization"])
        self.send_response(401)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


def test_credentials_are_shown_and_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    Guarded.shown = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Guarded)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        assert "SCHEMA_REGISTRY_USERNAME" in run(url).output
        monkeypatch.setenv("SCHEMA_REGISTRY_USERNAME", "anna")
        monkeypatch.setenv("SCHEMA_REGISTRY_PASSWORD", "secret")
        assert run(url).exit_code == 1
    finally:
        server.shutdown()
        server.server_close()
    assert Guarded.shown == [None, f"Basic {base64.b64encode(b'anna:secret').decode()}"]
