"""Who reads what: each service's rights on the topics of others, and on its own.

A right is granted here and needed by a consumer's declaration in the service; a test holds both
against each other. What nobody needs, nobody may read. Its own topics every service reads besides,
without a group, to tell of them over HTTP and to find what changed when.
"""

from shared.contracts import (
    TOPICS,
    campaigns,
    contacts,
    customer_360,
    external,
    handovers,
    pipeline,
    privacy,
    service_desk,
)
from shared.contracts.topic import Topic

DELIVERABLE = frozenset(
    topic
    for topic in TOPICS.values()
    if ".events." in topic.name and topic.personal_data != "personal"
)
"""What may leave by webhook: every event topic, the ones to come too; never personal data."""

READERS: dict[str, frozenset[Topic]] = {
    "contacts": frozenset(
        {
            pipeline.LEAD_STATE,
            pipeline.DEAL_EVENTS,
            pipeline.ORDER_EVENTS,
            campaigns.MESSAGE_EVENTS,
            campaigns.FORM_STATE,
            external.HR_EMPLOYEES,
            external.CTI_CALLS,
            external.POS_PURCHASES,
            handovers.PIPELINE_HANDOVERS,
            handovers.SERVICE_DESK_HANDOVERS,
            handovers.CAMPAIGNS_HANDOVERS,
            campaigns.CONFIRMATION_EVENTS,
            privacy.PIPELINE_PRIVACY,
            privacy.SERVICE_DESK_PRIVACY,
            privacy.CAMPAIGNS_PRIVACY,
            privacy.CUSTOMER_360_PRIVACY,
            service_desk.TICKET_EVENTS,
            service_desk.SURVEY_EVENTS,
            campaigns.RESPONSE_EVENTS,
            customer_360.GRADE_EVENTS,
        }
    ),
    "pipeline": frozenset(
        {
            contacts.CUSTOMER_STATE,
            contacts.CUSTOMER_EVENTS,
            contacts.CONTACT_EVENTS,
            contacts.IDENTITY_EVENTS,
            contacts.HANDOVER_EVENTS,
            service_desk.TICKET_EVENTS,
            service_desk.CLOCK_EVENTS,
            campaigns.RESPONSE_EVENTS,
            campaigns.FORM_STATE,
            external.ERP_ORDERS,
            contacts.PRIVACY_EVENTS,
            contacts.CUSTOMER_EVENTS,
        }
    ),
    "service-desk": frozenset(
        {
            contacts.HANDOVER_EVENTS,
            contacts.PRIVACY_EVENTS,
            pipeline.DEAL_EVENTS,
            pipeline.COMMITMENT_EVENTS,
            service_desk.TICKET_EVENTS,
            contacts.CUSTOMER_EVENTS,
            contacts.CONTACT_EVENTS,
        }
    ),
    "campaigns": frozenset(
        {
            contacts.CUSTOMER_EVENTS,
            contacts.CUSTOMER_STATE,
            contacts.CONTACT_EVENTS,
            contacts.CONTACT_STATE,
            contacts.CONSENT_EVENTS,
            contacts.SUPPRESSION_EVENTS,
            contacts.HANDOVER_EVENTS,
            contacts.INTERACTION_EVENTS,
            contacts.PRIVACY_EVENTS,
            pipeline.DEAL_EVENTS,
            pipeline.ORDER_EVENTS,
            service_desk.TICKET_EVENTS,
        }
    ),
    "customer-360": frozenset(
        {
            contacts.CUSTOMER_EVENTS,
            contacts.CUSTOMER_STATE,
            contacts.CONTACT_EVENTS,
            contacts.CONTACT_STATE,
            contacts.CONSENT_EVENTS,
            contacts.SUPPRESSION_EVENTS,
            contacts.IDENTITY_EVENTS,
            contacts.HANDOVER_EVENTS,
            contacts.DUPLICATE_EVENTS,
            contacts.PRIVACY_EVENTS,
            contacts.INTERACTION_EVENTS,
            contacts.RELATIONSHIP_EVENTS,
            contacts.HOUSEHOLD_EVENTS,
            contacts.PARTNER_EVENTS,
            contacts.GRADE_POLICY_EVENTS,
            pipeline.LEAD_EVENTS,
            pipeline.DEAL_EVENTS,
            pipeline.COMMITMENT_EVENTS,
            pipeline.ORDER_EVENTS,
            service_desk.TICKET_EVENTS,
            service_desk.CLOCK_EVENTS,
            service_desk.SURVEY_EVENTS,
            campaigns.CAMPAIGN_EVENTS,
            campaigns.MEMBER_EVENTS,
            campaigns.MESSAGE_EVENTS,
            campaigns.RESPONSE_EVENTS,
            campaigns.FORM_EVENTS,
            campaigns.ATTRIBUTION_EVENTS,
        }
    ),
    "webhooks": DELIVERABLE,
}
"""Topics by the service whose consumers read them."""


def own_topics(service: str) -> frozenset[Topic]:
    """The topics that a service writes, and reads for those without Kafka (`GET /v1/events`)."""
    return frozenset(topic for topic in TOPICS.values() if topic.publisher == service)


def readable_by(service: str) -> frozenset[Topic]:
    """All that a service may read: what its consumers need, and its own."""
    return READERS[service] | own_topics(service)
