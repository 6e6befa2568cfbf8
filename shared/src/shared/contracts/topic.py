"""A topic: one Kafka log of one aggregate type, and the facts that may stand in it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict

PARTITIONS = 12
"""Partitions of every topic, for ever: another number would move keys and break their order."""


PersonalData: TypeAlias = Literal["none", "pseudonymous", "personal"]
"""What a topic tells of people: nothing; ids and codes that stand for somebody; or names, addresses
and free text, which are on compacted topics alone, so that a tombstone erases them; or on the way
in from another system (`ext.*`), for a month."""


class Event(BaseModel):
    """A fact that one service publishes: frozen, and deaf to fields it does not know.

    Inside a version only optional fields (and values of open codes) come and go; anything else is a
    new class with a new type. docs/events.md says what is checked.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    topic: ClassVar["Topic"]

    @property
    def record_key(self) -> str:
        """The id of the aggregate that this fact is about: the record's key and `ce_subject`."""
        return str(getattr(self, self.topic.key))

    def as_former(self) -> "Event":
        """The same fact as the major version before says it; pure.

        To be given by a class that is declared with `also_as`.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Former:
    """The major version before, which is published beside the present one to the end of a day."""

    fact: type[Event]
    until: date


PUBLISHED_TWICE: dict[type[Event], Former] = {}
"""The facts that two major versions tell for now, by the present one."""


def successor_of(fact: type[Event]) -> tuple[type[Event], date] | None:
    """Which fact replaces this one while both are published, and until when they are."""
    for present, former in PUBLISHED_TWICE.items():
        if former.fact is fact:
            return present, former.until
    return None


EventT = TypeVar("EventT", bound=Event)


@dataclass(frozen=True, eq=False)
class Topic:
    """The declaration of one topic, from which it is provisioned, documented and consumed.

    `key` names the field whose value is the record key. `retention_days` is None where records
    stay for ever (on a compacted topic the last record per key does).
    """

    name: str
    publisher: str
    aggregate: str
    key: str
    holds: str
    cleanup: Literal["delete", "compact"]
    personal_data: PersonalData
    retention_days: int | None = None
    facts: dict[str, type[Event]] = field(default_factory=dict[str, type[Event]])

    def fact(
        self,
        name: str,
        version: int = 1,
        *,
        also_as: type[Event] | None = None,
        until: date | None = None,
    ) -> Callable[[type[EventT]], type[EventT]]:
        """Declare an event class as a fact of this topic: `created` → `crm.….created.v1`.

        `also_as` is the major version before: to the end of the day `until` each fact is published
        in both, first as this one. Both records have the same `ce_id`, key and version, so to
        everybody who drops repeats they are one fact.
        """
        stem = self.name.removesuffix(".v1").removesuffix(".events")
        wire_name = self.name if name == "state" else f"{stem}.{name}.v{version}"

        def declare(event: type[EventT]) -> type[EventT]:
            event.type = wire_name
            event.topic = self
            self.facts[wire_name] = event
            if also_as is not None:
                PUBLISHED_TWICE[event] = _former(event, also_as, until)
            return event

        return declare


def _former(event: type[Event], former: type[Event], until: date | None) -> Former:
    if until is None or event.as_former is Event.as_former:
        raise TypeError(f"{event.type} needs `until` and `as_former` to be published twice")
    before, after = (each.type.rpartition(".v") for each in (former, event))
    if before[0] != after[0] or int(before[2]) + 1 != int(after[2]):
        raise TypeError(f"{former.type} is not the major version before {event.type}")
    return Former(former, until)


def events_topic(
    publisher: str,
    aggregate: str,
    *,
    key: str,
    holds: str,
    personal_data: Literal["none", "pseudonymous"] = "pseudonymous",
) -> Topic:
    """A topic of every fact of an aggregate type: ids, codes, amounts, times; nobody's name."""
    return Topic(
        name=f"crm.{publisher}.{aggregate}.events.v1",
        publisher=publisher,
        aggregate=aggregate,
        key=key,
        holds=holds,
        cleanup="delete",
        personal_data=personal_data,
    )


def state_topic(
    publisher: str,
    aggregate: str,
    *,
    key: str,
    holds: str,
    personal_data: PersonalData = "personal",
    version: int = 1,
) -> Topic:
    """A compacted topic of full snapshots; a tombstone erases its key.

    The next major version of a snapshot has a topic of its own: on the same one it would take the
    place of the former's last record per key.
    """
    return Topic(
        name=f"crm.{publisher}.{aggregate}.state.v{version}",
        publisher=publisher,
        aggregate=aggregate,
        key=key,
        holds=holds,
        cleanup="compact",
        personal_data=personal_data,
    )


def dead_letter_topic(service: str) -> Topic:
    """Where a service mirrors what it parked: coordinates and reason, never the body."""
    return Topic(
        name=f"crm.{service}.dlq.v1",
        publisher=service,
        aggregate="parked-record",
        key="parked_id",
        holds="what was parked, where and why; no bodies",
        cleanup="delete",
        personal_data="pseudonymous",
        retention_days=90,
    )


def external_topic(
    system: str,
    thing: str,
    *,
    key: str,
    holds: str,
    personal_data: PersonalData = "pseudonymous",
) -> Topic:
    """A topic that another enterprise system writes and Rapport reads; gone after a month.

    What of it is personal travels inwards only: no fact of ours repeats it.
    """
    return Topic(
        name=f"ext.{system}.{thing}.v1",
        publisher=f"ext:{system}",
        aggregate=thing,
        key=key,
        holds=holds,
        cleanup="delete",
        personal_data=personal_data,
        retention_days=30,
    )
