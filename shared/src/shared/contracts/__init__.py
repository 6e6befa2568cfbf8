"""The published language: every topic, and every fact that may stand in one.

Only this package crosses the boundary between services.
"""

from shared.contracts import (
    campaigns,
    customer_360,
    external,
    handovers,
    parking,
    privacy,
    resync,
    service_desk,
    webhooks,
)
from shared.contracts.contacts import (
    consents,
    customers,
    duplicates,
    grades,
    households,
    identities,
    imports,
    interactions,
    partners,
    people,
    relationships,
    suppressions,
)
from shared.contracts.contacts import handovers as contacts_handovers
from shared.contracts.contacts import privacy as contacts_privacy
from shared.contracts.pipeline import commitments, deals, definitions, leads, orders
from shared.contracts.topic import Event, Topic

_MODULES = (
    customers,
    people,
    consents,
    suppressions,
    identities,
    duplicates,
    imports,
    contacts_handovers,
    contacts_privacy,
    interactions,
    relationships,
    leads,
    definitions,
    deals,
    commitments,
    orders,
    service_desk,
    campaigns,
    customer_360,
    webhooks,
    external,
    handovers,
    privacy,
    resync,
    parking,
    grades,
    households,
    partners,
)

TOPICS: dict[str, Topic] = {
    declared.name: declared
    for module in _MODULES
    for declared in vars(module).values()
    if isinstance(declared, Topic)
}
"""Every topic by its name; what is not here does not exist on Rapport's Kafka."""

FACTS: dict[str, type[Event]] = {
    wire_name: event for topic in TOPICS.values() for wire_name, event in topic.facts.items()
}
"""Every fact by its `ce_type`."""

SERVICES = ("contacts", "pipeline", "service-desk", "campaigns", "customer-360", "webhooks")
