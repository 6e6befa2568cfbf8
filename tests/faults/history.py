"""The history: what a client knows of every command that it sent, and of every look it took.

A command is unknown while its answer is missing: the connection died, the time was up, or the
server said that it could not. Nothing may be concluded from that, so it is repeated with the same
Idempotency-Key until it is acknowledged or refused.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["sent", "acknowledged", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class Promise:
    """What an acknowledgement promises: this version of the aggregate stands on this topic.

    Where the answer names no version, `fact` names the type of the fact that must be there; of a
    merge also `merge_id`, for a record may be merged several times.
    """

    topic: str
    aggregate_id: str
    version: int | None = None
    fact: str | None = None
    merge_id: str | None = None


@dataclass(slots=True)
class Command:
    """One command and what is known of it.

    `reason` is the code of its refusal, `named` are the ids in it; `merged_into` is what one of
    them is now, where the answer says so: it acted on that one, or was refused for it.
    """

    key: str
    name: str
    service: str
    outcome: Outcome = "sent"
    attempts: int = 0
    unknown: int = 0
    status: int | None = None
    said: str = ""
    reason: str = ""
    named: frozenset[str] = frozenset()
    merged_into: str | None = None
    promises: tuple[Promise, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """One answer of the 360: what the reader had a right to see, and what it was shown.

    `wanted` is the aggregate and version asked for by `min_version`, None where the view of another
    customer answered, into whom the one asked for was merged; `shown` the version of that aggregate
    in the answer, None where it was not in it.
    """

    reader: str
    customer_id: str
    profile_version: int
    wanted: tuple[str, int] | None
    shown: int | None
    is_stale: bool


@dataclass(slots=True)
class History:
    """All commands and looks, in the order in which they were begun."""

    commands: list[Command] = field(default_factory=list[Command])
    looks: list[Look] = field(default_factory=list[Look])

    def begin(self, key: str, name: str, service: str) -> Command:
        command = Command(key, name, service)
        self.commands.append(command)
        return command

    def outcomes(self) -> Counter[str]:
        """How many commands ended how; `was-unknown` counts those that had to be repeated."""
        found: Counter[str] = Counter(command.outcome for command in self.commands)
        found["was-unknown"] = sum(command.unknown > 0 for command in self.commands)
        return found

    @property
    def open(self) -> list[Command]:
        """Commands of which nothing is known yet: none may be left when a run is judged."""
        return [c for c in self.commands if c.outcome in {"sent", "unknown"}]
