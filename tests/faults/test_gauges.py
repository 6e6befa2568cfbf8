"""The gauges of a soak: a slope is found where there is one, and none is made up."""

from typing import Any, cast

import pytest

from tests.faults.gauges import Freshness, Gauges, Weight
from tests.faults.rig import Rig


class Processes:
    """As much of a rig as the gauges look at: the names of its processes."""

    processes = {"steady": None, "leaking": None, "young": None}  # noqa: RUF012 -- only read


def gauges_of(weights: list[Weight]) -> Gauges:
    gauges = Gauges(cast("Rig", Processes()))
    gauges.weights = weights
    return gauges


def life(name: str, number: int, seconds: int, mb_per_hour: float) -> list[Weight]:
    """A life that first grows quickly by 50 MB, as every process does while it warms up."""
    return [
        Weight(name, number, 1000.0 * number + at, min(at, 50) + 50 + mb_per_hour * at / 3600)
        for at in range(0, seconds, 5)
    ]


def test_the_slope_is_that_of_long_lives_after_their_warm_up() -> None:
    gauges = gauges_of(
        [
            *life("steady", 1, 400, 0.0),
            *life("leaking", 1, 400, 30.0),
            *life("leaking", 2, 100, 9000.0),
            *life("young", 1, 100, 50.0),
        ]
    )
    slopes: dict[str, Any] = gauges.slopes()
    assert slopes["young"] is None
    assert slopes["steady"] == pytest.approx(0.0, abs=0.01)
    assert slopes["leaking"] == pytest.approx(30.0, abs=0.01)
    assert gauges.heaviest()["steady"] == pytest.approx(100.0)


def test_a_probe_that_a_disturbance_overlaps_is_not_undisturbed() -> None:
    freshness = Freshness(cast("Any", None), {}, {}, "")
    freshness.seconds = [(10.0, 0.1), (20.0, 0.1), (29.0, 5.0), (31.0, 2.0), (50.0, 0.1)]
    found = freshness.percentiles([(30.0, 33.0)])
    assert found["all"][1] > 2000
    assert found["undisturbed"] == (100.0, 100.0)
