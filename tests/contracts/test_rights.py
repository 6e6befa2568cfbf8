"""Who may do what on Kafka follows from the registry, and from nothing else."""

import pytest
from shared.catalogue.reactors import declared_apps
from shared.contracts import SERVICES, TOPICS, contacts, external, pipeline
from shared.contracts.readers import READERS
from shared.contracts.rights import (
    Right,
    Role,
    external_systems,
    is_ours,
    principals,
    read_subscribers,
    rights,
    rights_of_external,
    rights_of_service,
    rights_of_subscriber,
)

PERSONAL = {topic.name for topic in TOPICS.values() if topic.personal_data == "personal"}


def topics(granted: frozenset[Right], operation: str) -> set[str]:
    return {r.name for r in granted if r.resource == "topic" and r.operation == operation}


def groups(granted: frozenset[Right]) -> list[tuple[str, bool]]:
    return [(right.name, right.is_prefix) for right in granted if right.resource == "group"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_writes_its_own_topics_and_those_alone(service: str) -> None:
    own = {topic.name for topic in TOPICS.values() if topic.publisher == service}
    assert topics(rights_of_service(service), "Write") == own
    assert f"crm.{service}.dlq.v1" in own


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reads_its_own_and_what_it_needs_of_others(service: str) -> None:
    granted = rights_of_service(service)
    needed = {topic.name for topic in READERS[service]}
    assert topics(granted, "Read") == topics(granted, "Write") | needed
    assert groups(granted) == [(f"rapport.{service}.", True)]


def test_each_topic_has_one_writer() -> None:
    everything = rights({"analytics": "public", "warehouse": "confidential"})
    writers = [right.name for right in everything if right.operation == "Write"]
    assert sorted(writers) == sorted(TOPICS)


def test_the_public_role_sees_no_personal_data() -> None:
    granted = rights_of_subscriber("analytics", "public")
    assert topics(granted, "Read") == set(TOPICS) - PERSONAL
    assert topics(granted, "Write") == set()
    assert groups(granted) == [("subscriber.analytics.", True)]


def test_the_confidential_role_sees_everything() -> None:
    assert topics(rights_of_subscriber("warehouse", "confidential"), "Read") == set(TOPICS)


def test_an_outside_system_writes_its_topics_and_reads_nothing() -> None:
    assert external_systems() == ["cti", "erp", "hr", "pos"]
    assert rights_of_external("erp") == {
        Right("ext-erp", "topic", external.ERP_ORDERS.name, "Write")
    }


def test_nobody_has_rights_who_is_no_principal() -> None:
    subscribers: dict[str, Role] = {"analytics": "public"}
    assert {right.principal for right in rights(subscribers)} == set(principals(subscribers))


def test_subscribers_are_read_from_one_line() -> None:
    read = read_subscribers("analytics=public, warehouse=confidential,")
    assert read == {"analytics": "public", "warehouse": "confidential"}
    assert read_subscribers("") == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("analytics", "public or confidential"),
        ("analytics=secret", "public or confidential"),
        ("Analytics=public", "no name"),
        ("=public", "no name"),
        ("contacts=public", "somebody else's name"),
        ("admin=confidential", "somebody else's name"),
        ("ext-erp=public", "somebody else's name"),
        ("ext-plm=public", "somebody else's name"),
        ("analytics=public,analytics=confidential", "somebody else's name"),
    ],
)
def test_a_wrong_subscriber_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_subscribers(text)


def test_rights_of_other_tenants_of_the_cluster_are_none_of_ours() -> None:
    assert not is_ours(Right("billing", "topic", "billing.invoices", "Read"))
    assert not is_ours(Right("billing", "group", "billing.", "Read", is_prefix=True))
    assert is_ours(Right("gone", "topic", pipeline.DEAL_EVENTS.name, "Read"))
    assert is_ours(Right("gone", "topic", "crm.", "Read", is_prefix=True))
    assert is_ours(Right("gone", "group", "subscriber.gone.", "Read", is_prefix=True))


def test_what_is_told_of_a_person_by_name_is_not_for_the_public() -> None:
    read = topics(rights_of_subscriber("analytics", "public"), "Read")
    assert contacts.CUSTOMER_STATE.name not in read
    assert contacts.CUSTOMER_EVENTS.name in read


def test_each_service_reaches_kafka_as_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    for service in SERVICES:
        prefix = service.upper().replace("-", "_")
        monkeypatch.setenv(f"{prefix}_KAFKA_SASL_USERNAME", service)
    users = [app.state.settings.kafka.sasl_username for app in declared_apps()]
    assert users == list(SERVICES)
