"""What webhooks publishes: what became of subscriptions. A URL may hold a secret: only its host."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from shared.contracts.codes import Open
from shared.contracts.topic import Event, events_topic

DisabledReason = Literal["gone", "unreachable"]

SUBSCRIPTION_EVENTS = events_topic(
    "webhooks",
    "subscription",
    key="subscription_id",
    holds="every fact of a webhook subscription",
    personal_data="none",
)


@SUBSCRIPTION_EVENTS.fact("created")
class SubscriptionCreated(Event):
    """Another system asked to be told of these types of facts, by HTTP."""

    subscription_id: UUID
    host: str
    types: tuple[str, ...]
    services: tuple[str, ...] = ()


@SUBSCRIPTION_EVENTS.fact("changed")
class SubscriptionChanged(Event):
    """Where it is told, or of what, is another from now on."""

    subscription_id: UUID
    host: str
    types: tuple[str, ...]
    services: tuple[str, ...] = ()


@SUBSCRIPTION_EVENTS.fact("paused")
class SubscriptionPaused(Event):
    """Facts are kept for it and not sent."""

    subscription_id: UUID


@SUBSCRIPTION_EVENTS.fact("resumed")
class SubscriptionResumed(Event):
    """Facts are sent again, first those that were kept."""

    subscription_id: UUID


@SUBSCRIPTION_EVENTS.fact("secret-rotated")
class SubscriptionSecretRotated(Event):
    """It has a new secret; until this time its requests are signed with the former one too."""

    subscription_id: UUID
    former_secret_until: datetime


@SUBSCRIPTION_EVENTS.fact("disabled")
class SubscriptionDisabled(Event):
    """Nothing is sent or kept any more: the endpoint is gone, or took nothing for days."""

    subscription_id: UUID
    host: str
    reason: Annotated[str, Open.to(DisabledReason)]


@SUBSCRIPTION_EVENTS.fact("deleted")
class SubscriptionDeleted(Event):
    """The subscription, its secret and its address are no more."""

    subscription_id: UUID
