"""The results file: the newest figures of every row, one entry per figure."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rig.figures import Figure

FOLDER = Path(__file__).parent.parent / "results"
LATEST = FOLDER / "latest.json"
QUICK = FOLDER / "quick.local.json"
"""Where a smoke run writes: its sizes say nothing about speed."""


def entry_of(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "ours": _rounded(figure.ours),
        "unit": figure.unit,
        "peer": figure.peer,
        "peer_value": _rounded(figure.peer_value),
        "ratio": _rounded(figure.ratio),
        "runs": [[_rounded(pair.ours), _rounded(pair.peer)] for pair in figure.pairs],
    }


def merge(path: Path, figures: Sequence[Figure]) -> None:
    """Replace what the file says of these rows, and leave the other rows as they are."""
    rows = {figure.row for figure in figures}
    others = [entry for entry in read(path) if entry["name"].partition(".")[0] not in rows]
    entries = sorted([*others, *map(entry_of, figures)], key=lambda entry: str(entry["name"]))
    lines = ",\n".join(f"  {json.dumps(entry, ensure_ascii=False)}" for entry in entries)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_text(f"[\n{lines}\n]\n")
    draft.replace(path)


def read(path: Path) -> list[dict[str, Any]]:
    """Every entry of the file; none where there is no file yet."""
    entries: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    return entries


def _rounded(value: float | None) -> float | None:
    """Four digits that say something."""
    return None if value is None else float(f"{value:.4g}")
