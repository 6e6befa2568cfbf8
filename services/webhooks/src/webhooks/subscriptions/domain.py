"""A subscription: which facts go where. Its secret is sealed before it comes here."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

from shared.contracts.webhooks import (
    DisabledReason,
    SubscriptionChanged,
    SubscriptionCreated,
    SubscriptionDeleted,
    SubscriptionDisabled,
    SubscriptionPaused,
    SubscriptionResumed,
    SubscriptionSecretRotated,
)
from shared.errors import ConflictError, NotFoundError

Status = Literal["active", "paused", "disabled", "deleted"]

TYPE_PATTERN = r"^(\*|[a-z0-9-]+(\.[a-z0-9-]+)*(\.\*)?)$"
"""An exact `ce_type`, or the start of one up to a dot and `*`."""

OVERLAP = timedelta(hours=24)
"""How long a former secret signs beside the new one, unless somebody says otherwise."""

SubscriptionEvent: TypeAlias = (
    SubscriptionCreated
    | SubscriptionChanged
    | SubscriptionPaused
    | SubscriptionResumed
    | SubscriptionSecretRotated
    | SubscriptionDisabled
    | SubscriptionDeleted
)


class SubscriptionNotFoundError(NotFoundError):
    """There is no such subscription."""


class SubscriptionExistsError(ConflictError):
    """Another subscription was created with this key."""


class SubscriptionIsDisabledError(ConflictError):
    """The subscription is disabled; resume it first."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where facts go, and which; no services means those of every service."""

    url: str
    host: str
    types: tuple[str, ...]
    services: tuple[str, ...] = ()
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    subscription_id: UUID
    owner: str
    target: Target
    status: Status
    secret: bytes
    created_at: datetime
    changed_at: datetime
    version: int = 1
    disabled_reason: str | None = None
    former_secret: bytes | None = None
    former_secret_until: datetime | None = None

    def secrets_at(self, at: datetime) -> tuple[bytes, ...]:
        """The sealed secrets that sign a request at this time."""
        return signing_secrets(self.secret, self.former_secret, self.former_secret_until, at)


def signing_secrets(
    secret: bytes, former: bytes | None, former_until: datetime | None, at: datetime
) -> tuple[bytes, ...]:
    """The newest first, and the former one while both hold."""
    if former is None or former_until is None or at >= former_until:
        return (secret,)
    return secret, former


@dataclass(frozen=True, slots=True)
class CreateSubscription:
    subscription_id: UUID
    owner: str
    target: Target
    secret: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class ChangeSubscription:
    target: Target


@dataclass(frozen=True, slots=True)
class PauseSubscription:
    pass


@dataclass(frozen=True, slots=True)
class ResumeSubscription:
    pass


@dataclass(frozen=True, slots=True)
class RotateSecret:
    secret: bytes
    former_until: datetime


@dataclass(frozen=True, slots=True)
class DisableSubscription:
    reason: DisabledReason


@dataclass(frozen=True, slots=True)
class DeleteSubscription:
    pass


Command: TypeAlias = (
    ChangeSubscription
    | PauseSubscription
    | ResumeSubscription
    | RotateSecret
    | DisableSubscription
    | DeleteSubscription
)


def decide_creating(
    known: Subscription | None, command: CreateSubscription
) -> list[SubscriptionCreated]:
    """A repeat finds what it created and changes nothing."""
    if known is not None:
        if known.status == "deleted" or known.target != command.target:
            raise SubscriptionExistsError(subscription_id=known.subscription_id)
        return []
    return [
        SubscriptionCreated(
            subscription_id=command.subscription_id,
            host=command.target.host,
            types=command.target.types,
            services=command.target.services,
        )
    ]


def begin(command: CreateSubscription) -> Subscription:
    return Subscription(
        subscription_id=command.subscription_id,
        owner=command.owner,
        target=command.target,
        status="active",
        secret=command.secret,
        created_at=command.at,
        changed_at=command.at,
    )


def decide(subscription: Subscription, command: Command) -> list[SubscriptionEvent]:  # noqa: PLR0911 -- a case each
    """What happens to a subscription that exists; nothing where it is so already."""
    known = subscription.subscription_id
    if subscription.status == "deleted":
        raise SubscriptionNotFoundError(subscription_id=known)
    match command:
        case ChangeSubscription():
            return _decide_change(subscription, command)
        case PauseSubscription():
            return _decide_pause(subscription)
        case ResumeSubscription():
            if subscription.status == "active":
                return []
            return [SubscriptionResumed(subscription_id=known)]
        case RotateSecret():
            return [
                SubscriptionSecretRotated(
                    subscription_id=known, former_secret_until=command.former_until
                )
            ]
        case DisableSubscription():
            return _decide_disable(subscription, command)
        case DeleteSubscription():
            return [SubscriptionDeleted(subscription_id=known)]


def _decide_change(
    subscription: Subscription, command: ChangeSubscription
) -> list[SubscriptionEvent]:
    target = command.target
    if target == subscription.target:
        return []
    return [
        SubscriptionChanged(
            subscription_id=subscription.subscription_id,
            host=target.host,
            types=target.types,
            services=target.services,
        )
    ]


def _decide_pause(subscription: Subscription) -> list[SubscriptionEvent]:
    if subscription.status == "paused":
        return []
    if subscription.status == "disabled":
        raise SubscriptionIsDisabledError(subscription_id=subscription.subscription_id)
    return [SubscriptionPaused(subscription_id=subscription.subscription_id)]


def _decide_disable(
    subscription: Subscription, command: DisableSubscription
) -> list[SubscriptionEvent]:
    if subscription.status == "disabled":
        return []
    return [
        SubscriptionDisabled(
            subscription_id=subscription.subscription_id,
            host=subscription.target.host,
            reason=command.reason,
        )
    ]


def evolve(
    subscription: Subscription, event: SubscriptionEvent, command: Command, at: datetime
) -> Subscription:
    """The next state; address and secrets are in no fact, they come with the command."""
    after = replace(subscription, version=subscription.version + 1, changed_at=at)
    match event, command:
        case SubscriptionChanged(), ChangeSubscription(target=target):
            return replace(after, target=target)
        case SubscriptionPaused(), _:
            return replace(after, status="paused")
        case SubscriptionResumed(), _:
            return replace(after, status="active", disabled_reason=None)
        case SubscriptionSecretRotated(former_secret_until=until), RotateSecret(secret=secret):
            former = subscription.secret
            return replace(after, secret=secret, former_secret=former, former_secret_until=until)
        case SubscriptionDisabled(reason=reason), _:
            return replace(after, status="disabled", disabled_reason=reason)
        case SubscriptionDeleted(), _:
            return _emptied(after)
        case _:
            raise AssertionError(f"{event.type} does not follow from {type(command).__name__}")


def _emptied(subscription: Subscription) -> Subscription:
    """What stays of a deleted one: that it was there."""
    return replace(
        subscription,
        target=Target(url="", host="", types=()),
        status="deleted",
        secret=b"",
        former_secret=None,
        former_secret_until=None,
    )
