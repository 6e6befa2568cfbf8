"""What was ever committed of the published language stays as it was."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from shared.catalogue.revisions import read_history
from shared.contracts import FACTS

KEPT = ("contracts/history", "contracts/golden")


def git(repository: Path, *arguments: str) -> str:
    program = shutil.which("git")
    if program is None or not (repository / ".git").exists():
        pytest.skip("no git history here")
    command = [program, "-C", str(repository), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def altered(repository: Path) -> list[str]:
    """Files of the record that a commit changed, renamed or deleted, and those changed since."""
    log = ("log", "-m", "--no-renames", "--diff-filter=MDT", "--name-only", "--format=")
    since = ("diff", "--no-renames", "--diff-filter=MDT", "--name-only", "HEAD")
    found = (git(repository, *command, "--", *KEPT) for command in (log, since))
    return sorted({line for text in found for line in text.splitlines() if line})


def test_no_revision_and_no_golden_record_was_altered_or_deleted(repository: Path) -> None:
    assert altered(repository) == [], "restore these files: they say what others rely on"


def test_an_altered_and_a_deleted_file_would_be_found(tmp_path: Path) -> None:
    kept = tmp_path / KEPT[0] / "x.v1"
    kept.mkdir(parents=True)
    git_ready(tmp_path)
    for number in (1, 2, 3):
        (kept / f"{number}.json").write_text("{}")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    assert altered(tmp_path) == []
    (kept / "1.json").write_text("[]")
    git(tmp_path, "rm", "-q", str(kept / "2.json"))
    assert altered(tmp_path) == [f"{KEPT[0]}/x.v1/{number}.json" for number in (1, 2)]
    git(tmp_path, "commit", "-qam", "two")
    assert altered(tmp_path) == [f"{KEPT[0]}/x.v1/{number}.json" for number in (1, 2)]


def git_ready(folder: Path) -> None:
    program = shutil.which("git")
    if program is None:
        pytest.skip("no git here")
    subprocess.run([program, "init", "-q", str(folder)], check=True)
    for name, value in (
        ("user.name", "t"),
        ("user.email", "t@t.example"),
        ("commit.gpgsign", "no"),
    ):
        git(folder, "config", name, value)


def test_revisions_are_numbered_without_gaps(repository: Path) -> None:
    history = read_history(repository / KEPT[0])
    assert set(history) == set(FACTS)
    for name, revisions in history.items():
        assert [each.revision for each in revisions] == list(range(1, len(revisions) + 1))
        assert {each.type for each in revisions} == {name}
        assert [each.date for each in revisions] == sorted(each.date for each in revisions)


def test_a_golden_record_is_of_the_type_that_its_file_names(repository: Path) -> None:
    for file in (repository / KEPT[1]).iterdir():
        assert json.loads(file.read_text())["headers"]["ce_type"] == file.stem
