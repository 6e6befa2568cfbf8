"""`python -m devstack.child --signal NAME -- COMMAND…`: COMMAND that dies with its parent.

On Linux the kernel does it (PR_SET_PDEATHSIG), and this process becomes COMMAND. Elsewhere this
process stays in between, passes signals on and looks for a new parent twice a second.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

_PR_SET_PDEATHSIG = 1
_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)


def command(argv: Sequence[str], on_parent_death: signal.Signals = signal.SIGKILL) -> list[str]:
    """`argv`, wrapped so that it gets `on_parent_death` when the process that starts it dies."""
    return [
        sys.executable,
        "-P",
        "-m",
        "devstack.child",
        "--signal",
        on_parent_death.name,
        "--",
        *argv,
    ]


def die_with_parent(on_parent_death: signal.Signals) -> None:
    """Linux only; holds for this process and for what it becomes by exec."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(on_parent_death), 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


def become(argv: list[str], on_parent_death: signal.Signals) -> NoReturn:
    if sys.platform == "linux":
        die_with_parent(on_parent_death)
        os.execvp(argv[0], argv)  # noqa: S606 - the command is devstack's own
    sys.exit(watch(argv, on_parent_death))


def watch(argv: Sequence[str], on_parent_death: signal.Signals) -> int:
    """Stay the parent of `argv` until it ends or our own parent does: the portable way."""
    parent = os.getppid()
    process = subprocess.Popen(argv)  # noqa: S603 - the command is devstack's own

    def forward(number: int, _frame: FrameType | None) -> None:
        process.send_signal(number)

    for number in _FORWARDED:
        signal.signal(number, forward)
    while process.poll() is None:
        if os.getppid() != parent:
            process.send_signal(on_parent_death)
            return process.wait()
        time.sleep(0.5)
    return process.returncode


def main() -> NoReturn:
    _, _flag, name, _dashes, *argv = sys.argv
    if not Path(argv[0]).is_absolute():
        sys.exit(f"devstack.child: {argv[0]} is no absolute path")
    become(argv, signal.Signals[name])


if __name__ == "__main__":
    main()
