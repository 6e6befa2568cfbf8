"""What a service runs beside HTTP: its pool, its relay, its consumers and its timed jobs."""

import asyncio
import signal
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import structlog
from aiokafka.errors import KafkaError

from shared.db import Pool, is_infrastructure_fault, open_pool, transaction, with_retries
from shared.messaging import inbox
from shared.messaging.following import Following
from shared.messaging.reactions import Consumer
from shared.messaging.refusals import refusal_of
from shared.messaging.relay import Relay
from shared.messaging.subscribing import PatientBroker, Subscription, broker_for, subscribe
from shared.settings import ServiceSettings

RETRY_PAUSE = 2.0
PRUNE_EVERY = 3600.0

logger = structlog.stdlib.get_logger()
Work: TypeAlias = Callable[[Pool], Awaitable[bool | None]]
"""What a job does; it answers True where there was something to do."""


class ConsumerIsLostError(Exception):
    """The Kafka library has given up a consumer; only a new process takes it up again."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work that is done again and again, `every` seconds, in each process of the service.

    Where it finds nothing to do and has a time `at_rest`, the pause grows up to that. The first
    time is `first_after` seconds after the start.
    Two processes may do it at once: it takes its rows with `FOR UPDATE SKIP LOCKED`. A fault of
    the world is logged and tried again; any other error ends the process.
    """

    name: str
    work: Work
    every: float
    at_rest: float | None = None
    first_after: float = 0.0

    def pause_after(self, pause: float, *, was_busy: bool) -> float:
        """Seconds until the next time, given the last pause and whether there was work."""
        if was_busy or self.at_rest is None:
            return self.every
        return min(pause * 1.5, self.at_rest)


async def until_idle(step: Callable[[], Awaitable[bool]]) -> bool:
    """Repeat a step that says whether there was anything to do; whether there ever was.

    A step that lost a race for its rows is tried again, as `with_retries` does.
    """
    was_busy = False
    while await with_retries(step):
        was_busy = True
    return was_busy


@dataclass(slots=True)
class Runtime:
    """The running parts of one process."""

    service: str
    pool: Pool
    relay: Relay
    subscriptions: list[Subscription] = field(default_factory=list[Subscription])
    refused: str | None = None


@asynccontextmanager
async def running(
    service: str,
    settings: ServiceSettings,
    consumers: Sequence[Consumer],
    jobs: Sequence[Job],
    *,
    prepare: Work | None = None,
    following: Following | None = None,
) -> AsyncGenerator[Runtime]:
    """Run a service's background; stops it at the end of the block.

    Raises where the database is not there at the start; Kafka may come later. `prepare` is done
    before anything else runs. `following` reads the service's own topics for HTTP.
    """
    url = settings.database_url.get_secret_value()
    pool = await open_pool(url)
    runtime = Runtime(service, pool, Relay(service, url, settings.kafka.client_options()))
    broker = broker_for(settings.kafka, service)
    runtime.subscriptions = [subscribe(broker, consumer, pool) for consumer in consumers]
    housekeeping = Job("prune-inbox", _prune_inbox, PRUNE_EVERY)
    try:
        if prepare is not None:
            await prepare(pool)
        async with asyncio.TaskGroup() as tasks:
            background = [
                tasks.create_task(_guarded("relay", runtime.relay.run())),
                tasks.create_task(_guarded("consumers", _start_consuming(broker, runtime))),
                *(
                    tasks.create_task(_guarded("following", each.run()))
                    for each in (following,)
                    if each
                ),
                *(
                    tasks.create_task(_guarded(job.name, repeat(job, pool)))
                    for job in (*jobs, housekeeping)
                ),
            ]
            try:
                yield runtime
            finally:
                await broker.stop()
                for task in background:
                    task.cancel()
    finally:
        await pool.close()


async def _start_consuming(broker: PatientBroker, runtime: Runtime) -> None:
    if not runtime.subscriptions:
        return
    while True:
        try:
            await broker.start()
        except (KafkaError, OSError) as error:
            await _tell(broker, runtime, error)
            await broker.stop()
            await asyncio.sleep(RETRY_PAUSE)
        else:
            runtime.refused = None
            for subscription in runtime.subscriptions:
                subscription.started_at = time.time()
            logger.info("consumers_started", consumers=len(runtime.subscriptions))
            await _until_lost(runtime.subscriptions)
            return


async def _until_lost(subscriptions: Sequence[Subscription]) -> None:
    """Wait until the consumers are stopped; raises where the library has given one up.

    Every poll is then answered with the same error, which FastStream passes over.
    """
    upkeep = [task for subscription in subscriptions for task in subscription.upkeep()]
    await asyncio.wait(upkeep, return_when=asyncio.FIRST_COMPLETED)
    for subscription in subscriptions:
        if subscription.lost is not None:
            name = subscription.consumer.name
            logger.error("consumer_lost", consumer=name, error=repr(subscription.lost))
            raise ConsumerIsLostError(name) from subscription.lost


async def _tell(broker: PatientBroker, runtime: Runtime, error: Exception) -> None:
    runtime.refused = await refusal_of(error, broker.client_options, "Read")
    if runtime.refused is not None:
        logger.error("kafka_refuses", what=runtime.refused)
    else:
        logger.warning("kafka_not_reachable", error=repr(error))


async def repeat(job: Job, pool: Pool) -> None:
    """Do a job for ever."""
    pause = job.every
    await asyncio.sleep(job.first_after)
    while True:
        try:
            was_busy = bool(await job.work(pool))
        except Exception as error:
            if not is_infrastructure_fault(error):
                raise
            logger.warning("job_interrupted", job=job.name, error=repr(error))
            await asyncio.sleep(RETRY_PAUSE)
            was_busy = True
        pause = job.pause_after(pause, was_busy=was_busy)
        await asyncio.sleep(pause)


async def _guarded(name: str, work: Awaitable[None]) -> None:
    """A background task that fails for a bug ends the process; the supervisor starts it anew."""
    try:
        await work
    except Exception as error:
        logger.critical("background_task_failed", task=name, exc_info=error)
        signal.raise_signal(signal.SIGTERM)


async def _prune_inbox(pool: Pool) -> None:
    async with transaction(pool) as connection:
        await inbox.prune(connection)
