"""The rig of the benchmarks: figures, and how they are merged into the results file."""

import json
from pathlib import Path

import pytest
from rig import results
from rig.figures import Aim, Figure, Pair


def figure(name: str, *pairs: Pair, aim: Aim | None = None) -> Figure:
    return Figure(name, "facts/s", pairs, "a peer", aim)


def test_the_ratio_is_the_median_of_the_runs_own_ratios() -> None:
    slow_then_fast = figure("row", Pair(50, 100), Pair(100, 200), Pair(900, 1000))
    assert slow_then_fast.ratio == pytest.approx(0.5)
    assert (slow_then_fast.ours, slow_then_fast.peer_value) == (100, 200)


@pytest.mark.parametrize(
    ("aim", "reached"),
    [
        (Aim(0.5), True),
        (Aim(0.6), False),
        (Aim(40, "at most", "ours"), False),
        (Aim(50, "at most", "ours"), True),
        (None, None),
    ],
)
def test_a_figure_says_whether_it_reaches_its_aim(aim: Aim | None, *, reached: bool | None) -> None:
    assert figure("row", Pair(50, 100), aim=aim).reaches is reached


def test_without_a_peer_no_aim_of_the_ratio_is_judged() -> None:
    assert figure("row", Pair(50), aim=Aim(0.5)).reaches is None


def test_a_row_replaces_its_own_figures_and_no_others(tmp_path: Path) -> None:
    path = tmp_path / "results" / "latest.json"
    results.merge(path, [figure("other", Pair(1, 2)), figure("row.old", Pair(1, 2))])
    results.merge(path, [figure("row.p50", Pair(3, 4), Pair(5, 6)), figure("row.p99", Pair(7))])
    entries = {entry["name"]: entry for entry in json.loads(path.read_text())}
    assert set(entries) == {"other", "row.p50", "row.p99"}
    assert entries["row.p50"] == {
        "name": "row.p50",
        "ours": 4.0,
        "unit": "facts/s",
        "peer": "a peer",
        "peer_value": 5.0,
        "ratio": 0.7917,
        "runs": [[3.0, 4.0], [5.0, 6.0]],
    }
    assert entries["row.p99"]["ratio"] is None
    assert entries["row.p99"]["runs"] == [[7.0, None]]
