"""The committed files of the catalogue are what the registry says."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from shared.catalogue.files import Catalogue, catalogue_of
from shared.contracts import FACTS
from shared.contracts.examples import ExampleMissingError, example_of
from shared.messaging.reactions import Consumer

from tests.contracts.conftest import REPOSITORY

WON = "crm.pipeline.deal.won.v1"


def test_the_committed_files_are_what_the_registry_says(catalogue: Catalogue) -> None:
    outdated = [str(path) for path in catalogue.outdated()]
    assert not outdated, f"run make contracts: {', '.join(outdated)}"


def test_they_are_the_same_on_another_day(
    catalogue: Catalogue, repository: Path, consumers: list[Consumer]
) -> None:
    assert catalogue_of(FACTS, consumers, repository, date(2031, 1, 1)).texts == catalogue.texts


def test_an_outdated_file_is_found_and_written(tmp_path: Path, consumers: list[Consumer]) -> None:

    def derive() -> Catalogue:
        return catalogue_of(FACTS, consumers, tmp_path, datetime.now(UTC).date())

    derive().write()
    assert derive().outdated() == []
    schema = Path("contracts/schemas/crm.pipeline.deal.won.v1.json")
    stray = Path("contracts/schemas/crm.pipeline.deal.wun.v1.json")
    (tmp_path / schema).write_text("{}")
    (tmp_path / stray).write_text("{}")
    assert derive().outdated() == [schema, stray]
    derive().write()
    assert derive().outdated() == []


def run(root: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "shared.catalogue", "--root", str(root), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_check_fails_and_says_what_to_do(tmp_path: Path) -> None:
    checked = run(tmp_path, "--check")
    assert checked.returncode == 1
    assert "run make contracts" in checked.stderr
    assert list(tmp_path.iterdir()) == []


def rewritten_history(root: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """A history in which a won deal once was something else."""
    file = root / "contracts" / "history" / WON / "1.json"
    file.parent.mkdir(parents=True)
    revision = json.loads((REPOSITORY / file.relative_to(root)).read_text())
    change(revision["shape"])
    file.write_text(json.dumps({**revision, "date": "2026-01-01"}))
    return file


def test_a_compatible_change_is_appended_and_told(tmp_path: Path) -> None:
    first = rewritten_history(tmp_path, lambda shape: shape["properties"].pop("waiver_reason"))
    before = first.read_text()
    assert run(tmp_path).returncode == 0
    assert first.read_text() == before
    second = json.loads((first.parent / "2.json").read_text())
    assert "waiver_reason" in second["shape"]["properties"]
    changelog = (tmp_path / "contracts" / "CHANGELOG.md").read_text()
    assert f"- `{WON}` (revision 2): optional `waiver_reason` added\n" in changelog
    assert run(tmp_path, "--check").returncode == 0


def test_an_incompatible_change_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    first = rewritten_history(
        tmp_path, lambda shape: shape["properties"].update(amount={"type": "integer"})
    )
    refused = run(tmp_path)
    assert refused.returncode == 1
    assert f"{WON}: `amount` was integer and would be string" in refused.stderr
    assert "add an optional field of another name" in refused.stderr
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [first]


def test_a_fact_without_an_example_is_told_which_file_to_write() -> None:
    class Forgotten(FACTS[WON]):  # type: ignore[misc]
        """A fact whose example nobody wrote."""

        type = "crm.pipeline.deal.forgotten.v1"

    with pytest.raises(ExampleMissingError, match=r"examples/crm\.pipeline\.deal\.forgotten"):
        example_of(Forgotten)
