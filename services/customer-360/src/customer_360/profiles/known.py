"""What is known of one customer: every row that its view shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from customer_360.duplicates.fold import Duplicate
from customer_360.handovers.fold import Handover
from customer_360.households.fold import Household
from customer_360.interactions.fold import Interaction
from customer_360.leads.fold import Lead
from customer_360.merges.fold import Merge
from customer_360.orders.fold import Order
from customer_360.partners.fold import Partner
from customer_360.people.fold import Consent, Contact, Suppression
from customer_360.preferences.fold import Preference
from customer_360.privacy_requests.fold import PrivacyRequest
from customer_360.profiles.figures import Basis
from customer_360.relationships.fold import Relationship
from customer_360.sources.progress import SourceProgress
from customer_360.tickets.fold import Survey
from customer_360.touches.fold import Campaign, Message, Response


@dataclass(frozen=True, slots=True)
class Known:
    """Every row that the view of one customer shows, by every id that it has."""

    profile_version: int
    record_ids: frozenset[UUID]
    basis: Basis
    people: Sequence[Contact]
    consents: Sequence[Consent]
    suppressions: Sequence[Suppression]
    duplicates: Sequence[Duplicate]
    merges: Sequence[Merge]
    privacy_requests: Sequence[PrivacyRequest]
    handovers: Sequence[Handover]
    leads: Sequence[Lead]
    recent_orders: Sequence[Order]
    surveys: Sequence[Survey]
    messages: Sequence[Message]
    responses: Sequence[Response]
    campaigns: Mapping[UUID, Campaign]
    interactions: Sequence[Interaction]
    preferences: Sequence[Preference]
    relationships: Sequence[Relationship]
    households: Sequence[Household]
    partners: Sequence[Partner]
    as_of: Mapping[str, SourceProgress]
