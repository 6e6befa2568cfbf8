"""What operators and orchestrators ask a service: is it alive, is it ready, how is it doing."""

import time

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.db import is_infrastructure_fault
from shared.http.problems import problem
from shared.messaging import metrics, parking
from shared.messaging.subscribing import Subscription, seconds_behind
from shared.runtime import Runtime

router = APIRouter(tags=["operations"])

PROGRESS_BOUND = 60.0
"""Seconds: a consumer with work waiting that finished no batch for longer is not ready."""

_OUTBOX = """
SELECT count(*) AS pending,
    coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS oldest
FROM (SELECT created_at FROM outbox ORDER BY id LIMIT 100000) AS first
"""


@router.get("/health/live")
async def live(request: Request) -> Response:
    """200 while the event loop turns and every background task runs."""
    runtime: Runtime = request.app.state.runtime
    dead = [
        subscription.consumer.name for subscription in runtime.subscriptions if subscription.died
    ]
    if dead:
        return problem(503, "not-live", "A consumer's loop has ended.", {"consumers": dead})
    return PlainTextResponse("live")


@router.get("/health/ready")
async def ready(request: Request) -> Response:
    """200 when the database answers and every consumer has partitions and keeps up its work."""
    runtime: Runtime = request.app.state.runtime
    reasons = [
        reason
        for subscription in runtime.subscriptions
        if (reason := await _why_not_ready(subscription)) is not None
    ]
    try:
        await runtime.pool.fetchval("SELECT 1", timeout=2)
    except Exception as error:
        if not is_infrastructure_fault(error):
            raise
        reasons.append("the database does not answer")
    reasons += [
        f"Kafka refuses: {what}" for what in (runtime.refused, runtime.relay.refused) if what
    ]
    if reasons:
        return problem(503, "not-ready", "Not ready.", {"reasons": reasons})
    return PlainTextResponse("ready")


async def _why_not_ready(subscription: Subscription) -> str | None:
    name = subscription.consumer.name
    if subscription.refused is not None:
        return f"Kafka refuses {name}: {subscription.refused}"
    if subscription.lost is not None:
        return f"{name} is lost: {subscription.lost}"
    if not subscription.assigned_partitions():
        return f"{name} has no partitions"
    if subscription.progress.halted:
        return f"{name} halted: too many parked keys"
    idle = time.time() - max(subscription.progress.last_done_at, subscription.started_at)
    if await subscription.lag() and idle > PROGRESS_BOUND:
        return f"{name} made no progress for {idle:.0f} s"
    return None


@router.get("/metrics")
async def expose_metrics(request: Request) -> Response:
    """Prometheus metrics; the gauges are measured now."""
    runtime: Runtime = request.app.state.runtime
    async with runtime.pool.acquire() as connection:
        outbox = await connection.fetchrow(_OUTBOX)
        for subscription in runtime.subscriptions:
            name = subscription.consumer.name
            parked = await parking.count_parked_keys(connection, name)
            metrics.PARKED_KEYS.labels(name).set(parked)
    assert outbox is not None
    metrics.OUTBOX_PENDING.labels(runtime.service).set(outbox["pending"])
    metrics.OUTBOX_OLDEST.labels(runtime.service).set(outbox["oldest"])
    for subscription in runtime.subscriptions:
        await _measure(subscription)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _measure(subscription: Subscription) -> None:
    name, lag = subscription.consumer.name, await subscription.lag()
    metrics.CONSUMER_LAG.labels(name).set(lag)
    metrics.CONSUMER_BEHIND.labels(name).set(seconds_behind(subscription.progress, lag))
    metrics.CONSUMER_PROGRESS.labels(name).set(subscription.progress.last_done_at)
