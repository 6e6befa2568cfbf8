"""A failpoint does what was ordered, at the visit that was named, and nothing otherwise."""

import os
import signal
import subprocess
import sys

import pytest
from shared.failpoints import Failpoint

_VISITS = """
import sys
from shared.failpoints import Failpoint, require_known
place = Failpoint("relay.after-read")
require_known()
for visit in range(1, 6):
    print(visit, flush=True)
    place.reach()
"""


def visits(order: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", _VISITS],
        env={**os.environ, "RAPPORT_FAILPOINTS": order},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_an_unarmed_place_is_passed() -> None:
    place = Failpoint("test.unarmed")
    del Failpoint.known[place.name]  # no place of a service
    assert not place.is_armed
    place.reach()


def test_the_process_dies_at_the_visit_that_was_named() -> None:
    done = visits("relay.after-read=kill@3")
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.split() == ["1", "2", "3"]
    assert "failpoint relay.after-read SIGKILL" in done.stderr


@pytest.mark.parametrize(
    "order", ["relay.after-red=kill@1", "relay.after-read=kill", "relay.after-read=burn@1"]
)
def test_an_order_that_nobody_can_carry_out_stops_the_start(order: str) -> None:
    done = visits(order)
    assert done.returncode == 1
    assert "FailpointUnknownError" in done.stderr
    assert done.stdout == ""
