"""What every service publishes of the records that it had to park."""

from typing import Annotated, Literal
from uuid import UUID

from shared.contracts.codes import Open
from shared.contracts.topic import Event, dead_letter_topic

CONTACTS_DEAD_LETTERS = dead_letter_topic("contacts")
PIPELINE_DEAD_LETTERS = dead_letter_topic("pipeline")
SERVICE_DESK_DEAD_LETTERS = dead_letter_topic("service-desk")
CAMPAIGNS_DEAD_LETTERS = dead_letter_topic("campaigns")
CUSTOMER_360_DEAD_LETTERS = dead_letter_topic("customer-360")
WEBHOOKS_DEAD_LETTERS = dead_letter_topic("webhooks")

ParkedReason = Literal[
    "malformed-header",
    "malformed-envelope",
    "undecodable-body",
    "unexpected-tombstone",
    "handler-refused",
    "handler-failed",
    "behind-parked",
]


class RecordParked(Event):
    """A consumer could not apply a record: its coordinates and the reason, never its body."""

    parked_id: UUID
    consumer: str
    source_topic: str
    partition: int
    offset: int
    key: str
    event_type: str | None = None
    reason: Annotated[str, Open.to(ParkedReason)]
    error: str | None = None


@CONTACTS_DEAD_LETTERS.fact("parked")
class ContactsRecordParked(RecordParked):
    """contacts could not apply a record."""


@PIPELINE_DEAD_LETTERS.fact("parked")
class PipelineRecordParked(RecordParked):
    """pipeline could not apply a record."""


@SERVICE_DESK_DEAD_LETTERS.fact("parked")
class ServiceDeskRecordParked(RecordParked):
    """service-desk could not apply a record."""


@CAMPAIGNS_DEAD_LETTERS.fact("parked")
class CampaignsRecordParked(RecordParked):
    """campaigns could not apply a record."""


@CUSTOMER_360_DEAD_LETTERS.fact("parked")
class Customer360RecordParked(RecordParked):
    """customer-360 could not apply a record."""


@WEBHOOKS_DEAD_LETTERS.fact("parked")
class WebhooksRecordParked(RecordParked):
    """webhooks could not pass a record on."""


RECORD_PARKED: dict[str, type[RecordParked]] = {
    event.topic.publisher: event
    for event in (
        ContactsRecordParked,
        PipelineRecordParked,
        ServiceDeskRecordParked,
        CampaignsRecordParked,
        Customer360RecordParked,
        WebhooksRecordParked,
    )
}
