"""The customer's row: the newest snapshot, whole."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.contacts import Credit, CustomerState, ExternalId, Grading

from customer_360.folding import Arrived, Fold


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as contacts knows it; `external_keys` are `system:id`, as search asks for them."""

    customer_id: UUID
    version: int = 0
    kind: str | None = None
    display_name: str | None = None
    legal_name: str | None = None
    lifecycle: str | None = None
    lifecycle_since: datetime | None = None
    owner_id: str | None = None
    source: str | None = None
    territory_code: str | None = None
    region: str | None = None
    industry: str | None = None
    size_band: str | None = None
    language: str | None = None
    currency: str | None = None
    timezone: str | None = None
    website: str | None = None
    tags: tuple[str, ...] = ()
    external_ids: tuple[ExternalId, ...] = ()
    external_keys: tuple[str, ...] = ()
    created_at: datetime | None = None
    grading: Grading | None = None
    credit: Credit | None = None
    record_status: str | None = None
    merged_into: UUID | None = None


def external_key(system: str, identifier: str) -> str:
    """How an outside id is searched for."""
    return f"{system}:{identifier}"


def _unknown(first: Arrived[CustomerState]) -> Customer:
    return Customer(first.event.customer_id, first.envelope.version)


fold = Fold("customer_id", _unknown)


@fold.on(CustomerState)
def replaced(customer: Customer, event: CustomerState) -> Customer:
    return Customer(
        customer_id=customer.customer_id,
        version=customer.version,
        kind=event.kind,
        display_name=event.display_name,
        legal_name=event.legal_name,
        lifecycle=event.lifecycle,
        lifecycle_since=event.lifecycle_since,
        owner_id=event.owner_id,
        source=event.source,
        territory_code=event.territory_code,
        region=event.region,
        industry=event.industry,
        size_band=event.size_band,
        language=event.language,
        currency=event.currency,
        timezone=event.timezone,
        website=event.website,
        tags=event.tags,
        external_ids=event.external_ids,
        external_keys=tuple(external_key(e.system, e.id) for e in event.external_ids),
        created_at=event.created_at,
        grading=event.grading,
        credit=event.credit,
        record_status=event.record_status,
        merged_into=event.merged_into,
    )
