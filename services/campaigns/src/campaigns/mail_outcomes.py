"""What a mail server can make of a mail; `try-later` and `unreachable`: surely not accepted."""

from typing import Literal, TypeAlias

Outcome: TypeAlias = Literal[
    "accepted", "try-later", "unreachable", "rejected", "no-such-mailbox", "unknown"
]
