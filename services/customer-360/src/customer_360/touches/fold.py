"""The rows of campaigns, of their messages to people, and of how people responded."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from shared.contracts.campaigns import (
    CampaignCompleted,
    CampaignLaunched,
    CampaignPlanned,
    MessageBounced,
    MessageClicked,
    MessageFailed,
    MessageHeld,
    MessageSent,
    MessageSuppressed,
    MessageUnsubscribed,
    ResponseRecorded,
)

from customer_360.folding import Arrived, Fold


@dataclass(frozen=True, slots=True)
class Campaign:
    """What the messages of a campaign are called."""

    campaign_id: UUID
    version: int = 0
    status: str = "planned"
    name: str | None = None
    campaign_type: str | None = None
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message to a person and what became of it; `touched_at` is when it last changed."""

    message_id: UUID
    version: int = 0
    campaign_id: UUID | None = None
    contact_id: UUID | None = None
    customer_id: UUID | None = None
    channel: str | None = None
    status: str = "held"
    reason_code: str | None = None
    touched_at: datetime | None = None
    sent_at: datetime | None = None
    clicked_at: datetime | None = None
    unsubscribed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """A person's reaction to a campaign."""

    response_id: UUID
    version: int = 0
    campaign_id: UUID | None = None
    contact_id: UUID | None = None
    customer_id: UUID | None = None
    submission_id: UUID | None = None
    kind: str | None = None
    score_delta: int = 0
    product_interests: tuple[str, ...] = ()
    occurred_at: datetime | None = None


campaign_fold = Fold[Campaign](
    "campaign_id", lambda first: Campaign(first.event.campaign_id, first.envelope.version)
)


@campaign_fold.on(CampaignPlanned)
def planned(campaign: Campaign, event: CampaignPlanned) -> Campaign:
    return replace(
        campaign, name=event.name, campaign_type=event.campaign_type, purpose=event.purpose
    )


@campaign_fold.on(CampaignLaunched)
def launched(campaign: Campaign, event: CampaignLaunched) -> Campaign:
    del event
    return replace(campaign, status="launched")


@campaign_fold.on(CampaignCompleted)
def completed(campaign: Campaign, event: CampaignCompleted) -> Campaign:
    del event
    return replace(campaign, status="completed")


def _unknown(first: Arrived[MessageHeld]) -> Message:
    event = first.event
    return Message(
        message_id=event.message_id,
        version=first.envelope.version,
        campaign_id=event.campaign_id,
        contact_id=event.contact_id,
        customer_id=event.customer_id,
        channel=event.channel,
    )


message_fold = Fold[Message]("message_id", _unknown)


@message_fold.on(MessageHeld)
def held(message: Message, event: MessageHeld) -> Message:
    return replace(message, status="held", reason_code=event.reason_code, touched_at=event.held_at)


@message_fold.on(MessageSent)
def sent(message: Message, event: MessageSent) -> Message:
    return replace(
        message, status="sent", reason_code=None, touched_at=event.sent_at, sent_at=event.sent_at
    )


@message_fold.on(MessageSuppressed)
def suppressed(message: Message, event: MessageSuppressed) -> Message:
    return replace(
        message,
        status="suppressed",
        reason_code=event.reason_code,
        touched_at=event.suppressed_at,
    )


@message_fold.on(MessageBounced)
def bounced(message: Message, event: MessageBounced) -> Message:
    return replace(message, status="bounced", reason_code=event.bounce, touched_at=event.bounced_at)


@message_fold.on(MessageFailed)
def failed(message: Message, event: MessageFailed) -> Message:
    return replace(
        message, status="failed", reason_code=event.reason_code, touched_at=event.failed_at
    )


@message_fold.on(MessageClicked)
def clicked(message: Message, event: MessageClicked) -> Message:
    return replace(
        message,
        clicked_at=message.clicked_at or event.clicked_at,
        touched_at=event.clicked_at,
    )


@message_fold.on(MessageUnsubscribed)
def unsubscribed(message: Message, event: MessageUnsubscribed) -> Message:
    return replace(message, unsubscribed_at=event.unsubscribed_at, touched_at=event.unsubscribed_at)


response_fold = Fold[Response](
    "response_id", lambda first: Response(first.event.response_id, first.envelope.version)
)


@response_fold.on(ResponseRecorded)
def recorded(response: Response, event: ResponseRecorded) -> Response:
    return replace(
        response,
        campaign_id=event.campaign_id,
        contact_id=event.contact_id,
        customer_id=event.customer_id,
        submission_id=event.submission_id,
        kind=event.kind,
        score_delta=event.score_delta,
        product_interests=event.product_interests,
        occurred_at=event.occurred_at,
    )
