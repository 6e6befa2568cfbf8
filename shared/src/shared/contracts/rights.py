"""Rights on Kafka: who may do what, derived from the registry; what is not here is refused.

A service writes its own topics and reads them and those that `READERS` grants it. A subscriber of
another system reads what its role shows; a system that sends writes its own `ext.*` topics. Read
and write imply Kafka's describe; an idempotent producer needs no right but to write.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from shared.contracts import SERVICES, TOPICS
from shared.contracts.readers import READERS
from shared.contracts.topic import Topic

ADMIN = "admin"
"""The operators' principal: a super user, who makes topics, rights and credentials."""

BROKER = "kafka"
"""The broker's own principal, a super user too."""

GROUPS = "rapport."
"""Every consumer group of a service begins so; its name follows."""

SUBSCRIBER_GROUPS = "subscriber."
"""Every consumer group of a subscriber begins so; its name follows."""

EXTERNAL = "ext:"
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

Role: TypeAlias = Literal["public", "confidential"]
"""What a subscriber may read: every topic without personal data, or those with it as well."""


@dataclass(frozen=True, order=True, slots=True)
class Right:
    """One thing that one principal may do: read or write a topic, or take part in groups."""

    principal: str
    resource: Literal["topic", "group"]
    name: str
    operation: Literal["Read", "Write"]
    is_prefix: bool = False


def rights(subscribers: Mapping[str, Role]) -> frozenset[Right]:
    """Every right that there is, given the subscribers' roles by their names."""
    granted: set[Right] = set()
    for service in SERVICES:
        granted |= rights_of_service(service)
    for system in external_systems():
        granted |= rights_of_external(system)
    for name, role in subscribers.items():
        granted |= rights_of_subscriber(name, role)
    return frozenset(granted)


def rights_of_service(service: str) -> frozenset[Right]:
    """Write and read its own topics, read those of others that its consumers need, in its groups.

    Its own it reads to answer `GET /v1/events` from them.
    """
    own = {topic for topic in TOPICS.values() if topic.publisher == service}
    readable = own | READERS.get(service, frozenset())
    return frozenset(
        {
            *(Right(service, "topic", topic.name, "Write") for topic in own),
            *(Right(service, "topic", topic.name, "Read") for topic in readable),
            _groups(service, GROUPS),
        }
    )


def rights_of_subscriber(name: str, role: Role) -> frozenset[Right]:
    """Read what the role shows, in groups that begin with `subscriber.<name>.`; write nothing."""
    shown = (topic for topic in TOPICS.values() if is_shown(topic, role))
    return frozenset(
        {
            *(Right(name, "topic", topic.name, "Read") for topic in shown),
            _groups(name, SUBSCRIBER_GROUPS),
        }
    )


def is_shown(topic: Topic, role: Role) -> bool:
    """Whether a role lets a subscriber read a topic."""
    return role == "confidential" or topic.personal_data != "personal"


def rights_of_external(system: str) -> frozenset[Right]:
    """Write what the system tells us, and nothing else."""
    return frozenset(
        Right(principal_of_external(system), "topic", topic.name, "Write")
        for topic in TOPICS.values()
        if topic.publisher == f"{EXTERNAL}{system}"
    )


def external_systems() -> list[str]:
    """The systems that write `ext.*` topics."""
    publishers = {topic.publisher for topic in TOPICS.values()}
    return sorted(p.removeprefix(EXTERNAL) for p in publishers if p.startswith(EXTERNAL))


def principal_of_external(system: str) -> str:
    """The ERP is `ext-erp`, so that no system can be taken for a service."""
    return f"ext-{system}"


def principals(subscribers: Mapping[str, Role]) -> list[str]:
    """Everybody with rights of their own; the admin and the broker need none."""
    return [*SERVICES, *map(principal_of_external, external_systems()), *subscribers]


def read_subscribers(text: str) -> dict[str, Role]:
    """Read `analytics=public,warehouse=confidential`; raises `ValueError` with what is wrong."""
    found: dict[str, Role] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, role = item.partition("=")
        _require_free(name, found)
        if role == "public":
            found[name] = "public"
        elif role == "confidential":
            found[name] = "confidential"
        else:
            raise ValueError(f"the role of {name} is public or confidential, not {role!r}")
    return found


def _require_free(name: str, taken: Mapping[str, Role]) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a subscriber: a-z, 0-9 and - between them")
    if name in {*principals(taken), ADMIN, BROKER} or name.startswith("ext-"):
        raise ValueError(f"{name} is somebody else's name; choose another for the subscriber")


def is_ours(right: Right) -> bool:
    """Whether a right that was found on a cluster touches Rapport: its topics or its groups."""
    if right.resource == "topic":
        return right.name in TOPICS or right.name.startswith(("crm.", "ext."))
    return right.name.startswith((GROUPS, SUBSCRIBER_GROUPS))


def _groups(name: str, prefix: str) -> Right:
    return Right(name, "group", f"{prefix}{name}.", "Read", is_prefix=True)
