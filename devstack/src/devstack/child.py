"""`python -m devstack.child SIGNAL PARENT COMMAND…`: COMMAND that dies with its parent.

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
from types import FrameType
from typing import NoReturn

_PR_SET_PDEATHSIG = 1
_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)


def command(
    argv: Sequence[str], on_parent_death: signal.Signals = signal.SIGKILL, *, parent: int = 0
) -> list[str]:
    """Wrap `argv` so that it gets `on_parent_death` when its parent dies.

    Unless given by pid, the parent is the leader of the session: supervisord for its programs.
    It must be known beforehand: the kernel does not tell of a parent that is dead already.
    """
    wrapper = [sys.executable, "-P", "-m", "devstack.child"]
    return [*wrapper, on_parent_death.name, str(parent), *argv]


def die_with(parent: int, on_parent_death: signal.Signals) -> None:
    """Linux only; holds for this process and for what it becomes by exec."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(on_parent_death), 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


def become(argv: list[str], on_parent_death: signal.Signals, parent: int) -> NoReturn:
    if sys.platform == "linux":
        die_with(parent, on_parent_death)
        os.execv(argv[0], argv)  # noqa: S606 - the command is devstack's own
    sys.exit(watch(argv, on_parent_death, parent))


def watch(argv: Sequence[str], on_parent_death: signal.Signals, parent: int) -> int:
    """Stay the parent of `argv` until it ends or our own parent does: the portable way."""
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
    _, name, parent, *argv = sys.argv
    become(argv, signal.Signals[name], int(parent) or os.getsid(0))


if __name__ == "__main__":
    main()
