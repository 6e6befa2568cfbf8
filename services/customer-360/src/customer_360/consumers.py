"""Kafka in: three consumers, so that a ticket is seen at once while customers and orders flood."""

from collections.abc import Sequence
from typing import Any

from shared.contracts.campaigns import (
    AttributionComputed,
    FormSubmitted,
    SegmentMemberEntered,
    SegmentMemberExited,
)
from shared.contracts.contacts import (
    CONTACT_STATE,
    CUSTOMER_STATE,
    ContactArchived,
    ContactCreated,
    ContactKeyDateSet,
    ContactMembershipChanged,
    ContactPointAdded,
    ContactPointInvalidated,
    ContactPointVerified,
    ContactPostalPointAdded,
    ContactRestored,
    ContactUpdated,
    CustomerArchived,
    CustomerCreated,
    CustomerCreditExposureChanged,
    CustomerCreditHoldPlaced,
    CustomerCreditHoldReleased,
    CustomerCreditLimitExpired,
    CustomerCreditLimitSet,
    CustomerGraded,
    CustomerGradeReviewDue,
    CustomerLifecycleChanged,
    CustomerOffboarded,
    CustomerRestored,
    CustomerUpdated,
    IdentityConflictDetected,
)
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from customer_360 import erasing
from customer_360.commitments import projection as commitments
from customer_360.customers import projection as customers
from customer_360.deals import projection as deals
from customer_360.duplicates import projection as duplicates
from customer_360.handovers import projection as handovers
from customer_360.households import projection as households
from customer_360.interactions import projection as interactions
from customer_360.leads import projection as leads
from customer_360.merges import projection as merges
from customer_360.orders import projection as orders
from customer_360.partners import projection as partners
from customer_360.people import projection as people
from customer_360.preferences import projection as preferences
from customer_360.privacy_requests import projection as privacy_requests
from customer_360.profiles.pressure import Pressure
from customer_360.projecting import Projection
from customer_360.relationships import projection as relationships
from customer_360.tickets import projection as tickets
from customer_360.touches import projection as touches

MAX_RECORDS = 1000
"""Records of a batch: enough to share its statements, few enough to keep reads waiting briefly."""


def consumers(hash_key: str, pressure: Pressure) -> Sequence[Consumer]:
    """The consumers of this service; `hash_key` makes the hashes of contact points."""
    facts = _consumer("customer-360.facts", fact_projection(hash_key), pressure)
    parties = _consumer("customer-360.customers", customer_projection(), pressure)
    bought = _consumer("customer-360.orders", order_projection(), pressure)
    parties.on_tombstones(CUSTOMER_STATE)(erasing.erase_customers)
    facts.on_tombstones(CONTACT_STATE)(erasing.erase_contacts)
    return facts, parties, bought


def _consumer(name: str, projection: Projection, pressure: Pressure) -> Consumer:
    consumer = Consumer(name, is_projection=True, max_records=MAX_RECORDS)

    @consumer.on_batch(*projection.facts)
    async def project(connection: Connection, received: Sequence[Received[Any]]) -> None:
        pressure.note(len(received))
        await projection.apply(connection, received)

    del project
    return consumer


def order_projection() -> Projection:
    """Orders."""
    return Projection([orders.SECTION])


def customer_projection() -> Projection:
    """Customers: their snapshots, and what happened to them."""
    return Projection(
        [
            customers.SECTION,
            merges.CUSTOMER_SECTION,
            handovers.OWNERSHIP_SECTION,
            preferences.SECTION,
        ],
        noted=(
            CustomerCreated,
            CustomerUpdated,
            CustomerLifecycleChanged,
            CustomerArchived,
            CustomerRestored,
            CustomerOffboarded,
            CustomerGraded,
            CustomerGradeReviewDue,
            CustomerCreditLimitSet,
            CustomerCreditLimitExpired,
            CustomerCreditExposureChanged,
            CustomerCreditHoldPlaced,
            CustomerCreditHoldReleased,
        ),
    )


def fact_projection(hash_key: str) -> Projection:
    """Everything else: people, leads, deals, service and campaigns."""
    return Projection(
        [
            people.contact_section(hash_key),
            people.CONSENT_SECTION,
            people.SUPPRESSION_SECTION,
            people.IDENTITY_SECTION,
            merges.CONTACT_SECTION,
            duplicates.SECTION,
            leads.SECTION,
            deals.SECTION,
            commitments.SECTION,
            tickets.TICKET_SECTION,
            tickets.CLOCK_SECTION,
            tickets.SURVEY_SECTION,
            touches.CAMPAIGN_SECTION,
            touches.MESSAGE_SECTION,
            touches.RESPONSE_SECTION,
            handovers.HANDOVER_SECTION,
            privacy_requests.SECTION,
            interactions.SECTION,
            relationships.SECTION,
            households.SECTION,
            partners.SECTION,
        ],
        noted=(
            ContactCreated,
            ContactUpdated,
            ContactMembershipChanged,
            ContactPointAdded,
            ContactPointInvalidated,
            ContactPointVerified,
            ContactArchived,
            ContactRestored,
            ContactPostalPointAdded,
            ContactKeyDateSet,
            IdentityConflictDetected,
            SegmentMemberEntered,
            SegmentMemberExited,
            FormSubmitted,
            AttributionComputed,
        ),
    )
