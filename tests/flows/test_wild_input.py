"""No input makes a service fail: schemathesis over all five OpenAPI documents finds no 5xx.

It comes last of the flows, for it leaves nonsense behind: policies and pipelines that nobody wants.
"""

import subprocess
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from devstack.demo.doors import Doors
from devstack.demo.gauges import parked_records
from devstack.demo.story.cast import Cast
from shared.contracts import SERVICES

EXAMPLES = 15
SECONDS = 90


def _schemathesis(url: str, token: str) -> subprocess.CompletedProcess[str]:
    program = Path(sysconfig.get_path("scripts")) / "schemathesis"
    return subprocess.run(
        [
            program,
            "run",
            f"{url}/openapi.json",
            f"--header=Authorization: Bearer {token}",
            "--checks=not_a_server_error",
            "--phases=examples,coverage,fuzzing",
            "--mode=all",
            f"--max-examples={EXAMPLES}",
            "--seed=1997",
            "--generation-database=none",
            "--exclude-path-regex=/stream$",
            "--request-timeout=10",
            "--suppress-health-check=all",
            "--no-color",
        ],
        capture_output=True,
        text=True,
        timeout=SECONDS * 2,
        check=False,
    )


async def test_no_input_makes_a_service_fail(doors: Doors) -> None:
    token = str(doors.caller("fuzzer", "admin").token)
    with ThreadPoolExecutor(2) as threads:
        urls = [doors.addresses.services[service] for service in SERVICES]
        runs = list(threads.map(lambda url: _schemathesis(url, token), urls))
    for service, run in zip(SERVICES, runs, strict=True):
        assert run.returncode == 0, f"{service}\n{run.stdout[-6000:]}"


async def test_after_all_of_it_nothing_is_parked(doors: Doors, cast: Cast) -> None:
    await cast.rest()
    assert await parked_records(doors.caller("root", "admin")) == 0
