"""What can go wrong on a developer's machine, each told in a sentence that says what to do."""

from collections.abc import Sequence
from pathlib import Path


class DevstackError(Exception):
    """Something a person must fix; the message says what and how."""


class PortsTakenError(DevstackError):
    """One or more ports are in use by a program that is not ours."""

    def __init__(self, taken: Sequence[tuple[int, str, str, int]]) -> None:
        self.taken = tuple(taken)
        lines = [
            f"Port {port} is taken, and {program} needs it. "
            f"Choose another: {variable}={suggested} make up"
            for port, program, variable, suggested in taken
        ]
        super().__init__("\n".join(lines))


class StartError(DevstackError):
    """A program did not become ready; carries the end of its log."""

    def __init__(self, program: str, why: str, log: Path) -> None:
        self.program = program
        tail = "\n".join(last_lines(log, 15)) or "(nothing)"
        super().__init__(f"{program} {why}.\nThe end of {log}:\n{tail}")


def last_lines(log: Path, count: int) -> list[str]:
    if not log.exists():
        return []
    return log.read_text(errors="replace").splitlines()[-count:]
