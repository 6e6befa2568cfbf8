"""What campaigns publishes: campaigns, segments, messages, responses and form submissions."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from shared.contracts.codes import Open
from shared.contracts.contacts import Channel, Purpose
from shared.contracts.topic import Event, events_topic, state_topic
from shared.contracts.values import Value

CampaignType = Literal["email", "newsletter"]
CampaignStatus = Literal["planned", "running", "completed"]
Objective = Literal["promotion", "nurture", "onboarding", "service"]
Occasion = Literal["customer-dormant", "birthday", "anniversary"]
HeldFor = Literal["open-ticket"]
FailedFor = Literal["rejected", "unknown"]
BounceKind = Literal["hard", "soft"]
ResponseKind = Literal["click", "form", "reply", "call"]
FormKind = Literal["contact-request", "newsletter", "download"]
AttributionModel = Literal["even"]
UnaskedFor = Literal["not-open", "no-point", "rejected", "unknown"]
SuppressedFor = Literal[
    "suppression-list",
    "consent",
    "no-point",
    "duplicate",
    "recent-contact",
    "frequency-cap",
    "open-ticket",
    "deal-won",
    "occasion-over",
    "unsubscribed",
    "restricted",
]

CAMPAIGN_EVENTS = events_topic(
    "campaigns",
    "campaign",
    key="campaign_id",
    holds="every fact of a campaign",
    personal_data="none",
)
CAMPAIGN_STATE = state_topic(
    "campaigns", "campaign", key="campaign_id", holds="the current campaign, with what it says"
)
SEGMENT_EVENTS = events_topic(
    "campaigns", "segment", key="segment_id", holds="segments in force", personal_data="none"
)
MEMBER_EVENTS = events_topic(
    "campaigns", "segment-member", key="member_id", holds="who entered and left a segment"
)
MESSAGE_EVENTS = events_topic(
    "campaigns", "message", key="message_id", holds="what became of every planned message"
)
RESPONSE_EVENTS = events_topic(
    "campaigns", "response", key="response_id", holds="how people responded"
)
FORM_EVENTS = events_topic(
    "campaigns", "form", key="submission_id", holds="that a form was submitted"
)
FORM_STATE = state_topic(
    "campaigns", "form", key="submission_id", holds="what the person wrote into the form"
)
CONFIRMATION_EVENTS = events_topic(
    "campaigns",
    "confirmation",
    key="token_id",
    holds="mails that ask the owner of an address to confirm a consent",
)
ATTRIBUTION_EVENTS = events_topic(
    "campaigns", "attribution", key="deal_id", holds="which campaigns a won deal is owed to"
)


@CAMPAIGN_EVENTS.fact("planned")
class CampaignPlanned(Event):
    """Marketing intends to address people; with an `occasion` each when theirs comes.

    Segments say who, or, where there is an occasion, of whom alone it is looked at.
    """

    campaign_id: UUID
    name: str
    campaign_type: Annotated[str, Open.to(CampaignType)]
    objective: Annotated[str, Open.to(Objective)]
    purpose: Purpose
    segment_ids: tuple[UUID, ...]
    product_lines: tuple[str, ...] = ()
    starts_on: date | None = None
    owner_id: str
    occasion: Annotated[str, Open.to(Occasion)] | None = None


@CAMPAIGN_EVENTS.fact("owner-changed")
class CampaignOwnerChanged(Event):
    """Another employee answers for the campaign from now on."""

    campaign_id: UUID
    from_owner_id: str
    to_owner_id: str
    reason_code: str
    handover_id: UUID | None = None


@CAMPAIGN_EVENTS.fact("launched")
class CampaignLaunched(Event):
    """Its messages are being sent; `audience_size` people were in the segments then."""

    campaign_id: UUID
    segment_ids: tuple[UUID, ...]
    audience_size: int
    launched_at: datetime


@CAMPAIGN_EVENTS.fact("completed")
class CampaignCompleted(Event):
    """No message of it will be sent any more."""

    campaign_id: UUID
    completed_at: datetime


@CAMPAIGN_STATE.fact("state")
class CampaignState(Event):
    """The whole campaign as it is now; subject and body are free text."""

    campaign_id: UUID
    status: CampaignStatus
    name: str
    campaign_type: Annotated[str, Open.to(CampaignType)]
    objective: Annotated[str, Open.to(Objective)]
    purpose: Purpose
    segment_ids: tuple[UUID, ...]
    subject: str
    body_text: str
    link_url: str | None = None
    product_lines: tuple[str, ...] = ()
    owner_id: str
    audience_size: int | None = None
    launched_at: datetime | None = None
    completed_at: datetime | None = None
    occasion: Annotated[str, Open.to(Occasion)] | None = None


@SEGMENT_EVENTS.fact("activated")
class SegmentActivated(Event):
    """A segment is in force and kept current."""

    segment_id: UUID
    segment_version: int
    name: str
    kind: Literal["static", "dynamic"]
    depends_on: tuple[str, ...] = ()


@MEMBER_EVENTS.fact("entered")
class SegmentMemberEntered(Event):
    """A person is in the segment from now on. `member_id` is one person in one segment."""

    member_id: UUID
    segment_id: UUID
    contact_id: UUID
    customer_id: UUID | None = None
    entered_at: datetime


@MEMBER_EVENTS.fact("exited")
class SegmentMemberExited(Event):
    """A person is in the segment no longer."""

    member_id: UUID
    segment_id: UUID
    contact_id: UUID
    customer_id: UUID | None = None
    exited_at: datetime


class _MessageFact(Event):
    message_id: UUID
    send_id: str
    campaign_id: UUID
    contact_id: UUID
    customer_id: UUID | None = None
    channel: Channel = "email"


@MESSAGE_EVENTS.fact("held")
class MessageHeld(_MessageFact):
    """The send gate is closed for a while: the message waits, it is not dropped."""

    reason_code: Annotated[str, Open.to(HeldFor)]
    cause_id: UUID | None = None
    held_at: datetime


@MESSAGE_EVENTS.fact("sent")
class MessageSent(_MessageFact):
    """The message was handed to the mail server, once."""

    subject_template: str
    sent_at: datetime


@MESSAGE_EVENTS.fact("suppressed")
class MessageSuppressed(_MessageFact):
    """The send gate refused: proof that a choice of the person was honoured. Final."""

    reason_code: Annotated[str, Open.to(SuppressedFor)]
    suppressed_at: datetime


@MESSAGE_EVENTS.fact("failed")
class MessageFailed(_MessageFact):
    """The mail server refused for good, or what became of the message is unknown. Final."""

    reason_code: Annotated[str, Open.to(FailedFor)]
    smtp_code: int | None = None
    failed_at: datetime


@MESSAGE_EVENTS.fact("bounced")
class MessageBounced(_MessageFact):
    """The address did not take the message: for good (hard), or for now (soft)."""

    bounce: Annotated[str, Open.to(BounceKind)]
    subject_hash: str
    smtp_code: int | None = None
    bounced_at: datetime


@MESSAGE_EVENTS.fact("clicked")
class MessageClicked(_MessageFact):
    """The person followed a link of the message."""

    link_id: str
    clicked_at: datetime


@MESSAGE_EVENTS.fact("unsubscribed")
class MessageUnsubscribed(_MessageFact):
    """The person opted out through the message's link; no mail goes out after it."""

    scope: Literal["purpose", "all"]
    purpose: Purpose
    subject_hash: str
    unsubscribed_at: datetime


@RESPONSE_EVENTS.fact("recorded")
class ResponseRecorded(Event):
    """A person reacted to a campaign; `score_delta` is what it says of interest (points)."""

    response_id: UUID
    campaign_id: UUID | None = None
    contact_id: UUID | None = None
    customer_id: UUID | None = None
    submission_id: UUID | None = None
    kind: Annotated[str, Open.to(ResponseKind)]
    product_interests: tuple[str, ...] = ()
    score_delta: int
    follow_up_required: bool = False
    occurred_at: datetime


class FormConsent(Value):
    """A box that the person ticked; with `double_opt_in` the address's owner is asked, too."""

    channel: Channel
    purpose: Purpose
    double_opt_in: bool | None = None


@FORM_EVENTS.fact("submitted")
class FormSubmitted(Event):
    """Somebody filled a form; what was written is on the state topic."""

    submission_id: UUID
    form_id: str
    form_version: int
    kind: Annotated[str, Open.to(FormKind)]
    campaign_id: UUID | None = None
    product_interests: tuple[str, ...] = ()
    consents: tuple[FormConsent, ...] = ()
    submitted_at: datetime


@FORM_STATE.fact("state")
class FormState(Event):
    """The submission as the person wrote it. It never changes, it can only be erased."""

    submission_id: UUID
    form_id: str
    form_version: int
    kind: Annotated[str, Open.to(FormKind)]
    given_name: str | None = None
    family_name: str | None = None
    company: str | None = None
    email: str
    phone: str | None = None
    message: str | None = None
    campaign_id: UUID | None = None
    product_interests: tuple[str, ...] = ()
    consents: tuple[FormConsent, ...] = ()
    ip_hash: str | None = None
    submitted_at: datetime


class AttributedTouch(Value):
    """One touch and the share of the deal that it is given."""

    campaign_id: UUID
    message_id: UUID | None = None
    touched_at: datetime
    weight: Decimal
    amount: Decimal


@ATTRIBUTION_EVENTS.fact("computed")
class AttributionComputed(Event):
    """A deal's amount was shared among the campaigns that touched its customer.

    Weights sum to 1, or there is no touch. A reversal has amount 0 and no touches.
    """

    deal_id: UUID
    customer_id: UUID
    model: Annotated[str, Open.to(AttributionModel)]
    model_version: int
    amount: Decimal
    currency: str
    touches: tuple[AttributedTouch, ...]
    computed_at: datetime


class _ConfirmationFact(Event):
    token_id: UUID
    consent_id: UUID
    contact_id: UUID
    channel: Channel
    purpose: Purpose


@CONFIRMATION_EVENTS.fact("sent")
class ConfirmationSent(_ConfirmationFact):
    """The question was handed to the mail server, once."""

    sent_at: datetime


@CONFIRMATION_EVENTS.fact("not-sent")
class ConfirmationNotSent(_ConfirmationFact):
    """The question did not go out, or what became of it is unknown. Final."""

    reason_code: Annotated[str, Open.to(UnaskedFor)]
    decided_at: datetime


@CONFIRMATION_EVENTS.fact("confirmed")
class ConfirmationConfirmed(_ConfirmationFact):
    """The owner of the address followed the link and pressed the button; once.

    `subject_hash` is the address that the link went to.
    """

    confirmed_at: datetime
    subject_hash: str | None = None
