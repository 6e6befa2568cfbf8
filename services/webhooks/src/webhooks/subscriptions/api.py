"""Subscriptions over HTTP. An integration sees and changes its own; an admin, everybody's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Self, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field, StringConstraints
from shared.auth import Caller, allow
from shared.contracts import SERVICES
from shared.db import Pool
from shared.errors import InvalidError
from shared.http.requests import (
    Cursor,
    Database,
    IfMatch,
    Limit,
    NewId,
    Page,
    Text,
    page_of,
    read_cursor,
    tag_version,
)

from webhooks import signing
from webhooks.config import Settings
from webhooks.endpoints.domain import Health
from webhooks.endpoints.store import load_health
from webhooks.sealing import Sealed
from webhooks.subscriptions import handlers, store
from webhooks.subscriptions.domain import (
    OVERLAP,
    TYPE_PATTERN,
    ChangeSubscription,
    Command,
    CreateSubscription,
    DeleteSubscription,
    PauseSubscription,
    ResumeSubscription,
    RotateSecret,
    Status,
    Subscription,
    Target,
)

router = APIRouter(prefix="/v1/subscriptions", tags=["subscriptions"])

Subscriber: TypeAlias = Annotated[Caller, Depends(allow("integration"))]
Pattern: TypeAlias = Annotated[str, StringConstraints(pattern=TYPE_PATTERN, max_length=200)]


class ServiceUnknownError(InvalidError):
    """There is no such service."""


def owner_of(caller: Caller) -> str | None:
    """Whose subscriptions the caller may touch; None for everybody's."""
    return None if "admin" in caller.roles else caller.subject


class TargetIn(BaseModel):
    """`types` are exact types, or the start of some up to a dot and `*`; `*` alone is every fact.

    `services` narrows them to facts of these services.
    """

    url: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    types: Annotated[tuple[Pattern, ...], Field(min_length=1, max_length=100)]
    services: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    description: Text | None = None


class RotateIn(BaseModel):
    """How long the former secret signs beside the new one."""

    overlap_hours: Annotated[float, Field(ge=0, le=168)] = OVERLAP / timedelta(hours=1)


class HealthOut(BaseModel):
    """How the endpoint behaves; `hold_until` is until when it is left alone."""

    failures: int
    failing_since: datetime | None
    hold_until: datetime | None
    delivered_at: datetime | None


class SubscriptionOut(BaseModel):
    """A subscription; its `secret` is shown once, when it is made."""

    subscription_id: UUID
    owner: str
    url: str
    types: tuple[str, ...]
    services: tuple[str, ...]
    description: str | None
    status: Status
    disabled_reason: str | None
    former_secret_until: datetime | None
    created_at: datetime
    changed_at: datetime
    version: int
    secret: str | None = None
    health: HealthOut | None = None

    @classmethod
    def of(
        cls, subscription: Subscription, secret: bytes | None = None, health: Health | None = None
    ) -> Self:
        target = subscription.target
        return cls(
            subscription_id=subscription.subscription_id,
            owner=subscription.owner,
            url=target.url,
            types=target.types,
            services=target.services,
            description=target.description,
            status=subscription.status,
            disabled_reason=subscription.disabled_reason,
            former_secret_until=subscription.former_secret_until,
            created_at=subscription.created_at,
            changed_at=subscription.changed_at,
            version=subscription.version,
            secret=signing.written(secret) if secret is not None else None,
            health=HealthOut(**health._asdict()) if health is not None else None,
        )


@dataclass(frozen=True, slots=True)
class Doing:
    """Commands to subscriptions, as a request gives them."""

    caller: Caller
    pool: Pool
    if_match: int | None
    response: Response

    async def __call__(
        self, subscription_id: UUID, command: Command, secret: bytes | None = None
    ) -> SubscriptionOut:
        subscription = await handlers.command_subscription(
            self.pool,
            self.caller.cause,
            subscription_id,
            command,
            owner=owner_of(self.caller),
            if_match=self.if_match,
        )
        tag_version(self.response, subscription.version)
        return SubscriptionOut.of(subscription, secret)


async def doing(
    caller: Subscriber,
    pool: Database,
    response: Response,
    if_match: IfMatch = None,
) -> Doing:
    """What a changing request needs beside its body."""
    return Doing(caller, pool, if_match, response)


Do: TypeAlias = Annotated[Doing, Depends(doing)]


async def target_of(request: Request, body: TargetIn) -> Target:
    """The target in a request; raises where its URL or a service is none of ours to send to."""
    settings: Settings = request.app.state.settings
    for service in body.services:
        if service not in SERVICES:
            raise ServiceUnknownError(field="services", known=SERVICES)
    return Target(
        url=body.url,
        host=settings.egress.require_url(body.url),
        types=tuple(dict.fromkeys(body.types)),
        services=tuple(dict.fromkeys(body.services)),
        description=body.description,
    )


@router.post("", status_code=201)
async def create_subscription(
    caller: Subscriber,
    pool: Database,
    seal: Sealed,
    new_id: NewId,
    target: Annotated[Target, Depends(target_of)],
    response: Response,
) -> SubscriptionOut:
    """Be told of facts from now on. The secret is in this answer and in no other.

    A repeat with the same `Idempotency-Key` finds the subscription and shows no secret: who lost
    the first answer rotates it.
    """
    secret = signing.new_secret()
    command = CreateSubscription(
        new_id, caller.subject, target, seal.close(secret, new_id), caller.cause.at
    )
    subscription, is_new = await handlers.create_subscription(pool, caller.cause, command)
    tag_version(response, subscription.version)
    return SubscriptionOut.of(subscription, secret if is_new else None)


@router.get("")
async def list_subscriptions(
    caller: Subscriber, pool: Database, cursor: Cursor = None, limit: Limit = 50
) -> Page[SubscriptionOut]:
    """One's own subscriptions; an admin's are all."""
    after = read_cursor(cursor, UUID)
    async with pool.acquire() as connection:
        rows = await store.list_subscriptions(
            connection, owner_of(caller), after[0] if after else UUID(int=0), limit + 1
        )
    items = [SubscriptionOut.of(row) for row in rows]
    return page_of(items, limit, lambda item: [item.subscription_id])


@router.get("/{subscription_id}")
async def show_subscription(
    caller: Subscriber, pool: Database, subscription_id: UUID, response: Response
) -> SubscriptionOut:
    """One subscription, and how its endpoint behaves."""
    async with pool.acquire() as connection:
        subscription = await store.load_visible(connection, subscription_id, owner_of(caller))
        health = await load_health(connection, subscription_id)
    tag_version(response, subscription.version)
    return SubscriptionOut.of(subscription, health=health)


@router.put("/{subscription_id}")
async def change_subscription(
    do: Do, subscription_id: UUID, target: Annotated[Target, Depends(target_of)]
) -> SubscriptionOut:
    """Another address, other facts."""
    return await do(subscription_id, ChangeSubscription(target))


@router.post("/{subscription_id}/pause")
async def pause_subscription(do: Do, subscription_id: UUID) -> SubscriptionOut:
    """Keep facts, and send none until it is resumed."""
    return await do(subscription_id, PauseSubscription())


@router.post("/{subscription_id}/resume")
async def resume_subscription(do: Do, subscription_id: UUID) -> SubscriptionOut:
    """Send again, first what was kept. Of the time in which it was disabled nothing was."""
    return await do(subscription_id, ResumeSubscription())


@router.post("/{subscription_id}/secret/rotate")
async def rotate_secret(
    do: Do, subscription_id: UUID, seal: Sealed, body: RotateIn
) -> SubscriptionOut:
    """A new secret, shown once; for a while the former one signs every request too."""
    secret = signing.new_secret()
    until = do.caller.cause.at + timedelta(hours=body.overlap_hours)
    return await do(
        subscription_id, RotateSecret(seal.close(secret, subscription_id), until), secret
    )


@router.delete("/{subscription_id}", status_code=204)
async def delete_subscription(do: Do, subscription_id: UUID) -> None:
    """Forget address and secret; what waits for it is not sent any more."""
    await do(subscription_id, DeleteSubscription())
