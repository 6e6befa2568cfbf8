"""Two major versions of a fact at once: two records, and to every consumer one fact."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from shared.contracts import FACTS, TOPICS
from shared.contracts.topic import PUBLISHED_TWICE, Event, Topic, events_topic, state_topic
from shared.db import Connection, Pool, transaction
from shared.ids import new_id
from shared.messaging.envelope import Received
from shared.messaging.outbox import Fact, Tombstone, append
from shared.messaging.reactions import Consumer
from shared.messaging.relay import Relay
from shared.messaging.subscribing import broker_for, subscribe
from shared.messaging.topics import provision_topics
from shared.settings import KafkaSettings

from tests.integration.event_path.conftest import until
from tests.records import cause_of_test

TODAY = datetime.now(UTC).date()
NEXT_YEAR = TODAY + timedelta(days=365)


class Language(NamedTuple):
    """A topic of this test with a fact in two versions, and its snapshots on two topics."""

    topic: Topic
    first: type[Event]
    second: type[Event]
    old_state: Topic
    new_state: Topic
    old_snapshot: type[Event]
    new_snapshot: type[Event]


def declare(last_day: date, aggregate: str) -> Language:
    topic = events_topic("depot", aggregate, key="parcel_id", holds="parcels")
    old_state = state_topic("depot", aggregate, key="parcel_id", holds="parcels")
    new_state = state_topic("depot", aggregate, key="parcel_id", holds="parcels", version=2)

    @topic.fact("sent")
    class ParcelSentV1(Event):
        """A parcel left; its weight in pounds."""

        parcel_id: UUID
        pounds: Decimal

    @topic.fact("sent", version=2, also_as=ParcelSentV1, until=last_day)
    class ParcelSent(Event):
        """A parcel left; its weight in kilograms."""

        parcel_id: UUID
        kilograms: Decimal

        def as_former(self) -> ParcelSentV1:
            return ParcelSentV1(parcel_id=self.parcel_id, pounds=self.kilograms * 2)

    @old_state.fact("state")
    class ParcelStateV1(Event):
        """A parcel; its weight in pounds."""

        parcel_id: UUID
        pounds: Decimal

    @new_state.fact("state", version=2, also_as=ParcelStateV1, until=last_day)
    class ParcelState(Event):
        """A parcel; its weight in kilograms."""

        parcel_id: UUID
        kilograms: Decimal

        def as_former(self) -> ParcelStateV1:
            return ParcelStateV1(parcel_id=self.parcel_id, pounds=self.kilograms * 2)

    return Language(
        topic, ParcelSentV1, ParcelSent, old_state, new_state, ParcelStateV1, ParcelState
    )


@pytest.fixture
def speak(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[date], Language]]:
    """Declare the facts of this test in the registry, for as long as it lasts."""
    before = dict(PUBLISHED_TWICE)

    def declare_in_registry(last_day: date) -> Language:
        language = declare(last_day, f"parcel-{new_id().hex[-12:]}")
        for topic in (language.topic, language.old_state, language.new_state):
            monkeypatch.setitem(TOPICS, topic.name, topic)
            for name, fact in topic.facts.items():
                monkeypatch.setitem(FACTS, name, fact)
        return language

    yield declare_in_registry
    PUBLISHED_TWICE.clear()
    PUBLISHED_TWICE.update(before)


@contextlib.asynccontextmanager
async def relaying(url: str, kafka: KafkaSettings) -> AsyncIterator[None]:
    task = asyncio.create_task(Relay("depot", url, kafka.client_options()).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def outbox_rows(pool: Pool) -> list[tuple[Any, ...]]:
    rows = await pool.fetch(
        "SELECT topic, event_id, key, version, headers::json->>'ce_type' AS type,"
        " headers::json->>'ce_dataschema' AS schema, payload FROM outbox ORDER BY id"
    )
    return [tuple(row) for row in rows]


async def test_a_fact_is_told_in_both_majors_under_one_id(
    pool: Pool, speak: Callable[[date], Language]
) -> None:
    language, parcel_id = speak(TODAY), new_id()
    fact = language.second(parcel_id=parcel_id, kilograms=Decimal("1.5"))
    async with transaction(pool) as connection:
        await append(connection, cause_of_test(), [Fact(fact, 4), Fact(fact, 5)])
    rows = await outbox_rows(pool)
    assert [(row[4], row[3]) for row in rows] == [
        (language.second.type, 4),
        (language.first.type, 4),
        (language.second.type, 5),
        (language.first.type, 5),
    ]
    assert rows[0][:4] == rows[1][:4]
    assert rows[2][:4] == rows[3][:4]
    assert rows[0][1] != rows[2][1]
    assert rows[1][5:] == (
        f"urn:rapport:schema:{language.first.type}",
        f'{{"parcel_id":"{parcel_id}","pounds":"3.0"}}',
    )


async def test_many_facts_are_told_in_both_majors_by_copy(
    pool: Pool, speak: Callable[[date], Language]
) -> None:
    language = speak(NEXT_YEAR)
    facts = [Fact(language.second(parcel_id=new_id(), kilograms=Decimal(n)), 1) for n in range(60)]
    async with transaction(pool) as connection:
        await append(connection, cause_of_test(), iter(facts))
    rows = await outbox_rows(pool)
    assert [row[4] for row in rows] == [language.second.type, language.first.type] * 60
    assert [row[1] for row in rows[::2]] == [row[1] for row in rows[1::2]]


async def test_after_the_last_day_a_fact_is_told_once(
    pool: Pool, speak: Callable[[date], Language]
) -> None:
    language, parcel_id = speak(TODAY - timedelta(days=1)), new_id()
    fact = language.second(parcel_id=parcel_id, kilograms=Decimal(1))
    async with transaction(pool) as connection:
        await append(connection, cause_of_test(), [Fact(fact, 1)])
    assert [row[4] for row in await outbox_rows(pool)] == [language.second.type]


async def test_a_snapshot_and_its_end_stand_on_the_topics_of_both_majors(
    pool: Pool, speak: Callable[[date], Language]
) -> None:
    language, parcel_id = speak(NEXT_YEAR), new_id()
    snapshot = language.new_snapshot(parcel_id=parcel_id, kilograms=Decimal(1))
    end = Tombstone(language.new_state, str(parcel_id), 2)
    async with transaction(pool) as connection:
        await append(connection, cause_of_test(), [Fact(snapshot, 1), end])
    rows = await outbox_rows(pool)
    names = (language.new_state.name, language.old_state.name)
    assert [row[0] for row in rows] == [*names, *names]
    assert [row[4] for row in rows] == [*names, *names]
    assert [row[3] for row in rows] == [1, 1, 2, 2]
    assert [row[6] is None for row in rows] == [False, False, True, True]


def consumers_of(language: Language, run: str) -> dict[str, Consumer]:
    """A reaction for either major, one for both, and a guarded projection of both."""
    known = {
        "first": (language.first,),
        "second": (language.second,),
        "both": (language.first, language.second),
        "projection": (language.first, language.second),
    }
    return {
        name: consumer_of(name, facts, f"contacts.{name}-{run}") for name, facts in known.items()
    }


_NOTE = "INSERT INTO seen (who, parcel_id, version, type) SELECT $1, $2::uuid, $3::bigint, $4::text"
_UNLESS_KNOWN = (
    " WHERE NOT EXISTS (SELECT FROM seen WHERE (who, parcel_id, version) = ($1, $2, $3))"
)


def consumer_of(name: str, facts: tuple[type[Event], ...], group: str) -> Consumer:
    consumer = Consumer(group, is_projection=name == "projection")

    @consumer.on_batch(*facts)
    async def note(connection: Connection, records: Sequence[Received[Any]]) -> None:
        statement = _NOTE + (_UNLESS_KNOWN if consumer.is_projection else "")
        for received in records:
            await connection.execute(
                statement,
                name,
                received.event.parcel_id,
                received.envelope.version,
                received.envelope.type,
            )

    del note
    return consumer


async def seen(pool: Pool, who: str) -> list[tuple[int, str]]:
    rows = await pool.fetch("SELECT version, type FROM seen WHERE who = $1 ORDER BY id", who)
    return [(row["version"], row["type"]) for row in rows]


@pytest.mark.timeout(240)
async def test_consumers_of_either_major_and_of_both_see_each_fact_once(
    url: str, pool: Pool, kafka_settings: KafkaSettings, speak: Callable[[date], Language]
) -> None:
    language, parcel_id = speak(NEXT_YEAR), new_id()
    await provision_topics(kafka_settings)
    await pool.execute(
        "CREATE TABLE seen (id bigint GENERATED ALWAYS AS IDENTITY, who text, parcel_id uuid,"
        " version bigint, type text)"
    )
    first, second = language.first.type, language.second.type
    broker = broker_for(kafka_settings, "depot")
    running = [
        subscribe(broker, consumer, pool)
        for consumer in consumers_of(language, parcel_id.hex[-12:]).values()
    ]
    async with relaying(url, kafka_settings):
        # Two facts of the time before, three while both majors are published, one of after.
        await tell(pool, [language.first(parcel_id=parcel_id, pounds=Decimal(1))] * 2, 1)
        await tell(pool, [language.second(parcel_id=parcel_id, kilograms=Decimal(1))] * 3, 3)
        del PUBLISHED_TWICE[language.second]
        await tell(pool, [language.second(parcel_id=parcel_id, kilograms=Decimal(1))], 6)
        await broker.start()
        try:
            await until(lambda: applied(pool, 9 * len(running)), within=150)
        finally:
            await broker.stop()
    assert await seen(pool, "first") == [(n, first) for n in range(1, 6)]
    assert await seen(pool, "second") == [(n, second) for n in range(3, 7)]
    for who in ("both", "projection"):
        expected = [(1, first), (2, first), *((n, second) for n in range(3, 7))]
        assert await seen(pool, who) == expected
    assert await pool.fetchval("SELECT count(*) FROM parked_events") == 0


async def tell(pool: Pool, events: Sequence[Event], version: int) -> None:
    facts = [Fact(event, version + n) for n, event in enumerate(events)]
    async with transaction(pool) as connection:
        await append(connection, cause_of_test(), facts)


async def applied(pool: Pool, records: int) -> bool:
    """Whether the consumers together are through with so many records."""
    done: int = await pool.fetchval("SELECT coalesce(sum(next_offset), 0) FROM consumer_positions")
    return done >= records


def test_a_switch_that_is_not_whole_is_refused() -> None:
    topic = events_topic("depot", "letter", key="letter_id", holds="letters")

    class LetterSentV1(Event):
        """A letter left."""

        letter_id: UUID

    class LetterSent(LetterSentV1):
        """A letter left, said anew."""

    topic.fact("sent")(LetterSentV1)
    for refused in (
        lambda: topic.fact("sent", version=2, also_as=LetterSentV1)(LetterSent),
        lambda: topic.fact("sent", version=2, also_as=LetterSentV1, until=NEXT_YEAR)(LetterSent),
        lambda: topic.fact("lost", version=2, also_as=LetterSentV1, until=NEXT_YEAR)(LetterSent),
    ):
        with pytest.raises(TypeError):
            refused()
    assert LetterSent not in PUBLISHED_TWICE
