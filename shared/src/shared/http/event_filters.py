"""Which events a caller asks for, and which of them this caller may read.

Whoever may read records may read their facts. Names, addresses and free text are on some state
topics, and errors of parked records on the dead letters: those are for the roles that may read
everybody, `admin` and `integration`.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from shared.contracts.readers import own_topics
from shared.contracts.topic import Topic
from shared.errors import ForbiddenError, InvalidError

ROLES_THAT_READ_NAMES = frozenset({"admin", "integration"})
ANY_ENDING = "*"


class EventTypeUnknownError(InvalidError):
    """This service publishes no event of that type; names are exact, or end with `*`."""


class EventTypeNotReadableError(ForbiddenError):
    """Events with personal data are for the roles `admin` and `integration`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The topics to be read, and the types to be told; no names mean all that stands there."""

    topics: frozenset[str]
    names: frozenset[str] = frozenset()
    beginnings: tuple[str, ...] = ()

    @property
    def is_narrow(self) -> bool:
        """Whether some of what stands on the topics was not asked for."""
        return bool(self.names or self.beginnings)

    def includes(self, kind: str) -> bool:
        """Whether an event of this type was asked for."""
        if not self.is_narrow:
            return True
        return kind in self.names or kind.startswith(self.beginnings)


def wanted_by(service: str, types: Sequence[str], roles: Collection[str]) -> Wanted:
    """What these types, or all where there are none, mean to somebody with these roles.

    Raises `EventTypeUnknownError` for what nobody publishes, so that a slip of the pen is no
    silence; `EventTypeNotReadableError` for a type that is named and may not be read.
    """
    names = sorted({name.strip() for text in types for name in text.split(",") if name.strip()})
    may_read_names = bool(ROLES_THAT_READ_NAMES & set(roles))
    readable = [topic for topic in own_topics(service) if may_read_names or is_open(topic)]
    if not names:
        return Wanted(frozenset(topic.name for topic in readable))
    exact = frozenset(name for name in names if not name.endswith(ANY_ENDING))
    beginnings = tuple(name[:-1] for name in names if name.endswith(ANY_ENDING))
    _require_known(service, names)
    asked = [topic for topic in readable if _matches(topic, exact, beginnings)]
    _require_readable(exact, beginnings, asked)
    return Wanted(frozenset(topic.name for topic in asked), exact, beginnings)


def is_open(topic: Topic) -> bool:
    """Whether any role may read it."""
    return topic.personal_data != "personal" and topic.aggregate != "parked-record"


@lru_cache(maxsize=8)
def _published_by(service: str) -> frozenset[str]:
    return frozenset(kind for topic in own_topics(service) for kind in topic.facts)


def _require_known(service: str, names: Iterable[str]) -> None:
    known = _published_by(service)
    unknown = [
        name
        for name in names
        if name not in known
        and not (name.endswith(ANY_ENDING) and any(kind.startswith(name[:-1]) for kind in known))
    ]
    if unknown:
        raise EventTypeUnknownError(types=unknown)


def _require_readable(
    exact: frozenset[str], beginnings: tuple[str, ...], asked: Sequence[Topic]
) -> None:
    told = {kind for topic in asked for kind in topic.facts}
    hidden = sorted(exact - told)
    if hidden or not (exact or any(kind.startswith(beginnings) for kind in told)):
        raise EventTypeNotReadableError(types=hidden or [f"{each}*" for each in beginnings])


def _matches(topic: Topic, exact: frozenset[str], beginnings: tuple[str, ...]) -> bool:
    return any(kind in exact or kind.startswith(beginnings) for kind in topic.facts)
