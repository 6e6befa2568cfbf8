"""No input makes a service fail: schemathesis over all OpenAPI documents finds no 5xx.

It comes last of the flows, for it leaves nonsense behind: policies and pipelines that nobody wants.
"""

import json
import subprocess
import sysconfig
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from devstack.demo.doors import Caller, Doors
from devstack.demo.gauges import parked_records
from devstack.demo.story.cast import Cast
from devstack.demo.story.play import play
from shared.contracts import SERVICES

EXAMPLES = 10
SECONDS = 180
MOST_IDS = 5


async def _known_ids(admin: Caller) -> dict[str, list[str]]:
    """Ids of things that are there, by the name of the field: so that doors are got through."""
    ids: defaultdict[str, list[str]] = defaultdict(list)
    for service in SERVICES:
        document = await admin.doors.stranger().get(service, "/openapi.json")
        for path, methods in document["paths"].items():
            if not path.startswith("/v1/") or "{" in path or "get" not in methods:
                continue
            if path.startswith("/v1/events"):  # no list of records, but the log
                continue
            answer = await admin.doors.http.get(
                admin.doors.addresses.services[service] + path,
                headers={"Authorization": f"Bearer {admin.token}"},
            )
            if answer.headers["content-type"] != "application/json":  # an export is a file
                continue
            for item in answer.json().get("items", []):
                for name, value in item.items():
                    if name.endswith("_id") and isinstance(value, str):
                        ids[name].append(value)
    return {name: values[-MOST_IDS:] for name, values in ids.items()}


def _config(ids: dict[str, list[str]]) -> str:
    dictionaries = "".join(
        f"[dictionaries.{name}]\nvalues = {json.dumps(values)}\n" for name, values in ids.items()
    )
    bindings = "".join(
        f'"{place}.{name}" = {{ dictionary = "{name}", probability = 0.7 }}\n'
        for name in ids
        for place in ("path", "query", "body")
    )
    methods = "[phases.coverage]\nunexpected-methods = []\n"
    return f"{dictionaries}[parameters]\n{bindings}{methods}"


def _schemathesis(url: str, token: str, config: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sysconfig.get_path("scripts")) / "schemathesis"
    options = (
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
    )
    return subprocess.run(
        [program, f"--config-file={config}", "run", f"{url}/openapi.json", *options],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        cwd=config.parent,
    )


@pytest.mark.timeout(4 * SECONDS)  # five services, two at a time, and a system that starts
async def test_no_input_makes_a_service_fail(doors: Doors, cast: Cast, tmp_path: Path) -> None:
    await play(cast)
    await cast.rest()
    admin = doors.caller("fuzzer", "admin")
    config = tmp_path / "schemathesis.toml"
    config.write_text(_config(await _known_ids(admin)))
    with ThreadPoolExecutor(2) as threads:
        urls = [doors.addresses.services[service] for service in SERVICES]
        runs = threads.map(lambda url: _schemathesis(url, str(admin.token), config), urls)
    for service, run in zip(SERVICES, runs, strict=True):
        assert run.returncode == 0, f"{service}\n{run.stdout[-8000:]}{run.stderr[-2000:]}"


async def test_after_all_of_it_nothing_is_parked(doors: Doors, cast: Cast) -> None:
    await cast.rest()
    assert await parked_records(doors.caller("root", "admin")) == 0
