"""The committed files of the catalogue are what the registry says."""

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from shared.catalogue.files import Catalogue, catalogue_of
from shared.contracts import FACTS
from shared.messaging.reactions import Consumer


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


def test_the_check_fails_and_says_what_to_do(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "shared.catalogue", "--root", str(tmp_path), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 1
    assert "run make contracts" in checked.stderr
    assert list(tmp_path.iterdir()) == []
