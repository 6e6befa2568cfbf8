"""Processes that a row starts beside its servers: services, peers; they end with the row."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from devstack import child, ports

BENCH = Path(__file__).parent.parent
SECONDS_TO_START = 90.0
SECONDS_TO_STOP = 20.0


class NotReadyError(RuntimeError):
    """A process ended or was silent while the row waited for it."""


@dataclass(frozen=True)
class Started:
    """A process that runs, and the file with what it says."""

    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def require_alive(self) -> None:
        if self.process.poll() is not None:
            raise NotReadyError(f"{self.log.name} ended:\n{self.log.read_text()[-3000:]}")


@asynccontextmanager
async def running(
    command: Sequence[str], environment: Mapping[str, str], log: Path
) -> AsyncGenerator[Started]:
    """Run a command until the end of the block, from the folder `bench`."""
    with log.open("w") as output:
        process = subprocess.Popen(  # noqa: S603, ASYNC220 -- our own commands; it returns at once
            child.command(command, signal.SIGKILL, parent=os.getpid()),
            env={**os.environ, **environment},
            cwd=BENCH,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    started = Started(process, log)
    try:
        yield started
    finally:
        process.terminate()
        await asyncio.to_thread(_reap, process)


def _reap(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def uvicorn(application: str, port: int) -> list[str]:
    """The command of an ASGI factory, with the settings that devstack gives to the services."""
    program = [sys.executable, "-m", "uvicorn", application, "--factory", "--no-access-log"]
    return [*program, "--host", ports.HOST, "--port", str(port)]


async def await_answer(url: str, started: Started) -> None:
    """Wait until a GET of `url` succeeds."""
    deadline = time.monotonic() + SECONDS_TO_START
    async with httpx.AsyncClient(timeout=5) as http:
        while time.monotonic() < deadline:
            started.require_alive()
            try:
                if (await http.get(url)).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)
    raise NotReadyError(f"{url} did not answer:\n{started.log.read_text()[-3000:]}")


def free_ports(count: int) -> list[int]:
    return list(ports.ephemeral().values())[:count]
