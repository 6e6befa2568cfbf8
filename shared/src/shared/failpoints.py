"""Failpoints: named places at which a test lets this process die or freeze, to prove what survives.

`RAPPORT_FAILPOINTS` arms them once, at the start of the process: `relay.after-read=kill@3` kills it
(SIGKILL: nothing is cleaned up) when that place is reached for the third time, `=stop@1` freezes it
(SIGSTOP) until somebody sends SIGCONT. Several are separated by commas. Unarmed, reaching a place
is one comparison. A name that the process does not have stops its start: a test that armed nothing
would prove nothing.
"""

import os
import re
import signal
from dataclasses import dataclass
from typing import ClassVar

VARIABLE = "RAPPORT_FAILPOINTS"
_SPEC = re.compile(r"^(?P<name>[a-z.-]+)=(?P<action>kill|stop)@(?P<hit>[1-9][0-9]*)$")
_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


class FailpointUnknownError(ValueError):
    """RAPPORT_FAILPOINTS names a place that this process does not have, or is not understood."""


@dataclass(frozen=True, slots=True)
class _Order:
    """What is to happen, and at which visit."""

    signal: signal.Signals
    hit: int


def _parse(text: str) -> dict[str, _Order]:
    orders: dict[str, _Order] = {}
    for part in filter(None, text.split(",")):
        match = _SPEC.match(part.strip())
        if match is None:
            raise FailpointUnknownError(f"{part!r} is not of the form name=kill@3 or name=stop@1")
        orders[match["name"]] = _Order(_SIGNALS[match["action"]], int(match["hit"]))
    return orders


_ORDERS = _parse(os.environ.get(VARIABLE, ""))


class Failpoint:
    """A place; a module makes it once and reaches it where a crash would be worst."""

    known: ClassVar[dict[str, "Failpoint"]] = {}

    def __init__(self, name: str) -> None:
        self.name = name
        self._order = _ORDERS.get(name)
        self._visits = 0
        self.known[name] = self

    @property
    def is_armed(self) -> bool:
        """Whether something is to happen here, now or at a later visit."""
        return self._order is not None

    def reach(self) -> None:
        """Do what was ordered for this visit; nearly always nothing."""
        if self._order is None:
            return
        self._visits += 1
        if self._visits == self._order.hit:
            os.write(2, f"failpoint {self.name} {self._order.signal.name}\n".encode())
            os.kill(os.getpid(), self._order.signal)


def require_known() -> None:
    """Raise `FailpointUnknownError` unless every armed place exists in the modules imported."""
    unknown = _ORDERS.keys() - Failpoint.known.keys()
    if unknown:
        raise FailpointUnknownError(
            f"no such failpoint: {', '.join(sorted(unknown))};"
            f" this process has {', '.join(sorted(Failpoint.known))}"
        )
