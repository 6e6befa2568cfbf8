"""FastStream's part: a batch subscriber per consumer, with the settings that lose nothing.

Each setting here differs from a default that would commit an event that failed; a test pins each.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.subscriber.usecase import BatchSubscriber
from faststream.message import StreamMessage
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from shared.contracts.rights import GROUPS
from shared.db import Pool
from shared.messaging.consuming import MAX_POLL_INTERVAL_MS, Progress, consume
from shared.messaging.envelope import RawRecord
from shared.messaging.reactions import Consumer
from shared.messaging.refusals import lacks, principal_of, refusal_of
from shared.messaging.wire import accept_any_header_name
from shared.settings import REQUEST_TIMEOUT_MS, KafkaSettings

PATIENCE_MS = 10_000
"""How long one wait for records lasts; they are handed out as soon as there are any."""

FETCH_WAIT_MS = 1000
"""How long the broker may keep a fetch that finds nothing; the library's 500 doubles idle work."""

logger = structlog.stdlib.get_logger()

_MECHANISMS = {
    "PLAIN": SASLPlaintext,
    "SCRAM-SHA-256": SASLScram256,
    "SCRAM-SHA-512": SASLScram512,
}


@dataclass(slots=True)
class Subscription:
    """A consumer that runs in this process."""

    consumer: Consumer
    subscriber: BatchSubscriber
    progress: Progress
    refusals: dict[str, str]
    started_at: float = field(default_factory=time.time)

    @property
    def refused(self) -> str | None:
        """What the broker refuses it, if anything."""
        return self.refusals.get(group_of(self.consumer))

    @property
    def died(self) -> bool:
        """Whether its loop was started and has ended, or the library works for it no more."""
        tasks = self.subscriber.tasks
        return self.lost is not None or (bool(tasks) and all(task.done() for task in tasks))

    @property
    def lost(self) -> BaseException | None:
        """What ended the library's work for it, which nothing begins again, if anything has."""
        ended = (task for task in self.upkeep() if task.done() and not task.cancelled())
        return next((error for task in ended if (error := task.exception()) is not None), None)

    def upkeep(self) -> Sequence[asyncio.Task[None]]:
        """The library's tasks that keep it in its group and fetch for it, from start to stop."""
        running: Any = self.subscriber.consumer
        if running is None:
            return ()
        return running._coordinator._coordination_task, running._fetcher._fetch_task  # noqa: SLF001 -- a failure shows nowhere else

    def assigned_partitions(self) -> int:
        """How many partitions the group gave to this process."""
        running = self.subscriber.consumer
        return len(running.assignment()) if running is not None else 0

    async def lag(self) -> int:
        """How many records of its partitions are not applied, as far as the last fetch told."""
        running: Any = self.subscriber.consumer
        if running is None:
            return 0
        waiting: int = self.progress.in_flight
        for partition in running.assignment():
            end = running.highwater(partition)
            if end is not None:
                waiting += max(0, end - await running.position(partition))
        return waiting


class PatientBroker(KafkaBroker):
    """A broker whose subscribers wait for records instead of asking for them again and again.

    FastStream sleeps blindly for its batch time-out whenever nothing came within it: with a short
    one idle consumers keep a core busy, with a long one the records that came meanwhile wait.
    What the broker refuses a group stands in `refusals`, by the group's id.
    """

    client_options: dict[str, Any]
    refusals: dict[str, str]

    async def _connect(self) -> Callable[..., Any]:
        build = await super()._connect()

        def build_patient(**options: Any) -> Any:
            consumer: Any = build(**options)
            watch = Watch(consumer, options.get("group_id", ""), self.client_options, self.refusals)
            consumer.getmany = partial(_wait_for_records, consumer.getmany, watch)
            return consumer

        self.config.broker_config.builder = build_patient
        return build_patient


@dataclass(frozen=True, slots=True)
class Watch:
    """Notices what the broker refuses one consumer, and says it once."""

    consumer: Any
    group: str
    client_options: dict[str, Any]
    refusals: dict[str, str]

    def look(self) -> None:
        """A topic that may not be seen is to the library one without partitions: no error at all.

        Where there is one, ask again, so that a grant is noticed before the next regular look.
        """
        client = self.consumer._client  # noqa: SLF001 -- the library tells it nowhere else
        hidden = client.cluster.unauthorized_topics & self.consumer.subscription()
        if hidden:
            self._note(lacks(principal_of(self.client_options), "Read", "topic", hidden))
            client.force_metadata_update()
        elif self.refusals.pop(self.group, None) is not None:
            logger.info("kafka_lets_pass", group=self.group)

    async def refused(self, error: KafkaError) -> None:
        """Note an error where it is a refusal."""
        refusal = await refusal_of(error, self.client_options, "Read")
        if refusal is not None:
            self._note(refusal)
            self.consumer._client.force_metadata_update()  # noqa: SLF001 -- as above

    def _note(self, refusal: str) -> None:
        if self.refusals.get(self.group) != refusal:
            logger.error("kafka_refuses", group=self.group, what=refusal)
        self.refusals[self.group] = refusal


async def _wait_for_records(
    getmany: Callable[..., Awaitable[dict[Any, list[RawRecord]]]],
    watch: Watch,
    *,
    timeout_ms: int,
    max_records: int | None,
) -> dict[Any, list[RawRecord]]:
    """The next records, however long they take; raises where the consumer is stopped."""
    del timeout_ms
    while True:
        try:
            records = await getmany(timeout_ms=PATIENCE_MS, max_records=max_records)
        except KafkaError as error:
            await watch.refused(error)
            raise
        watch.look()
        if records:
            return records


def broker_for(kafka: KafkaSettings, service: str) -> PatientBroker:
    """A broker that only consumes: facts leave by the outbox, topics come from the registry."""
    accept_any_header_name()
    broker = PatientBroker(
        kafka.bootstrap_servers.split(","),
        client_id=f"rapport-{service}",
        consumer_only=True,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        allow_auto_create_topics=False,
        apply_types=False,
        security=_security(kafka),
        logger=None,
    )
    broker.client_options, broker.refusals = kafka.client_options(), {}
    return broker


def group_of(consumer: Consumer) -> str:
    """The id of a consumer's group; rights on groups are granted by its beginning."""
    return f"{GROUPS}{consumer.name}"


def subscribe(broker: PatientBroker, consumer: Consumer, pool: Pool) -> Subscription:
    """Attach a consumer to the broker; it runs from the broker's start to its stop."""
    progress = Progress()
    subscriber = broker.subscriber(
        *sorted(topic.name for topic in consumer.topics),
        group_id=group_of(consumer),
        batch=True,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        max_records=consumer.max_records,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
        no_reply=True,
        parser=_parse,
        decoder=_keep_raw,
    )

    async def handle(records: Sequence[RawRecord]) -> None:
        await consume(pool, consumer, records, progress)

    subscriber(handle)
    assert isinstance(subscriber, BatchSubscriber)
    return Subscription(consumer, subscriber, progress, broker.refusals)


async def _parse(
    records: tuple[RawRecord, ...],
    original: Callable[[tuple[RawRecord, ...]], Awaitable[StreamMessage[Any]]],
) -> StreamMessage[Any]:
    """Keep the library from reading headers: one that it cannot decode would lose the batch."""
    message = await original((replace(records[0], headers=()),))
    message.raw_message = records
    return message


async def _keep_raw(message: StreamMessage[Any]) -> Sequence[RawRecord]:
    records: Sequence[RawRecord] = message.raw_message
    return records


def _security(kafka: KafkaSettings) -> BaseSecurity | None:
    options = kafka.client_options()
    context = options.get("ssl_context")
    if kafka.security_protocol.startswith("SASL"):
        mechanism = _MECHANISMS[kafka.sasl_mechanism]
        return mechanism(
            username=options["sasl_plain_username"],
            password=options["sasl_plain_password"],
            use_ssl=context is not None,
            ssl_context=context,
        )
    return BaseSecurity(ssl_context=context, use_ssl=True) if context is not None else None


def seconds_behind(progress: Progress, lag: int) -> float:
    """How old the last applied record is while others wait; 0 where none does."""
    if lag == 0 or progress.last_record_at is None:
        return 0.0
    return max(0.0, (datetime.now(UTC) - progress.last_record_at).total_seconds())
