"""What operators do: grant, compare, take away, and read from a service what is missing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from devstack.demo.story.play import Story
from devstack.stack import Stack
from shared.access import acls
from shared.access.admin import AccessError, as_operator, library
from shared.contracts import service_desk
from shared.contracts.rights import Right

from tests.faults.rig import Rig
from tests.faults.timing import until_async
from tests.secure.conftest import Rapport

SURPLUS = Right("contacts", "topic", service_desk.CLOCK_EVENTS.name, "Read")
FOREIGN = Right("billing", "topic", "billing.invoices", "Read")
NEEDED = Right("pipeline", "topic", service_desk.TICKET_EVENTS.name, "Read")
WRITTEN = Right("service-desk", "topic", service_desk.TICKET_EVENTS.name, "Write")


@pytest.fixture
def client(stack: Stack) -> Iterator[Any]:
    with as_operator(stack.kafka_settings()) as operating:
        yield operating


def test_applying_again_changes_nothing(rapport: Rapport) -> None:
    assert rapport("acl", "apply") == (0, "granted: 0\n")
    assert rapport("acl", "diff") == (0, "missing: 0\nsurplus: 0\n")


def test_what_the_registry_does_not_grant_is_taken_away_when_asked(
    rapport: Rapport, client: Any
) -> None:
    acls.grant(client, [SURPLUS, FOREIGN])
    code, told = rapport("acl", "diff")
    assert (code, "surplus: 1" in told) == (1, True)
    assert "1 more than the registry grants" in rapport("acl", "apply")[1]
    assert SURPLUS in acls.find(client).granted
    assert rapport("acl", "apply", "--prune", "--yes") == (0, "granted: 0\ntaken away: 1\n")
    assert SURPLUS not in acls.find(client).granted
    acls.revoke(client, [FOREIGN])


def test_nothing_is_taken_away_without_a_yes(rapport: Rapport, client: Any) -> None:
    acls.grant(client, [SURPLUS])
    code, told = rapport("acl", "apply", "--prune")  # nobody answers
    assert (code, "Take these 1 rights away?" in told) == (1, True)
    assert SURPLUS in acls.find(client).granted
    acls.revoke(client, [SURPLUS])


def test_rights_of_other_tenants_are_left_alone_and_wide_ones_are_shown(client: Any) -> None:
    wide = _acl("*", library.AclOperation.ALL)
    acls.grant(client, [FOREIGN])
    for made in client.create_acls([wide]).values():
        made.result(20)
    found = acls.find(client)
    assert FOREIGN not in found.granted
    assert found.others == ("User:auditor from *: allow all on topic *",)
    acls.revoke(client, [FOREIGN])
    [gone] = client.delete_acls([_filter("*", library.AclOperation.ALL)]).values()
    assert len(gone.result(20)) == 1


def test_a_service_cannot_grant_itself_rights(stack: Stack) -> None:
    with (
        pytest.raises(AccessError, match="refuses contacts"),
        as_operator(stack.kafka_settings("contacts")) as client,
    ):
        acls.grant(client, [SURPLUS])


async def test_a_consumer_that_may_not_read_says_so_and_goes_on_when_it_may(
    rig: Rig, client: Any, story: Story
) -> None:
    del story
    acls.revoke(client, [NEEDED])
    told = f"pipeline lacks Read on topic {NEEDED.name}; `rapport acl diff`"
    try:
        rig.restart("pipeline")
        await until_async(lambda: _says(rig, "pipeline", told), "pipeline says what it lacks", 120)
    finally:
        acls.grant(client, [NEEDED])
    rig.await_ready(["pipeline"], seconds=120)
    assert rig.process("pipeline").said("kafka_refuses") >= 1


async def test_a_right_that_goes_while_a_consumer_runs_is_noticed(
    rig: Rig, client: Any, story: Story
) -> None:
    """pipeline's tickets still come from the clocks' topic; what is refused is named."""
    del story
    told = f"Kafka refuses pipeline.tickets: pipeline lacks Read on topic {NEEDED.name}"
    acls.revoke(client, [NEEDED])
    try:
        await until_async(lambda: _says(rig, "pipeline", told), "pipeline says what it lacks", 120)
    finally:
        acls.grant(client, [NEEDED])
    rig.await_ready(["pipeline"], seconds=180)


async def test_a_relay_that_may_not_write_says_so_and_loses_nothing(
    rig: Rig, client: Any, cast: Any, story: Story
) -> None:
    acls.revoke(client, [WRITTEN])
    told = f"service-desk lacks Write on topic {WRITTEN.name}; `rapport acl diff`"
    ticket = {
        "customer_id": story.customer_id,
        "contact_id": story.contact_id,
        "channel": "phone",
        "ticket_type": "question",
        "subject": "When do you open?",
        "severity": 4,
    }
    try:
        opened = await cast.service.post("service-desk", "/v1/tickets", ticket)
        await until_async(
            lambda: _says(rig, "service-desk", told), "service-desk says what it lacks", 120
        )
    finally:
        acls.grant(client, [WRITTEN])
    rig.await_ready(["service-desk"], seconds=120)
    await cast.rest()
    reader = cast.doors.caller("reader", "reader")
    view = await reader.get("customer-360", f"/v1/customers/{story.customer_id}")
    assert opened["ticket_id"] in str(view)


async def test_a_service_with_a_secret_of_yesterday_says_so(
    rig: Rig, tmp_path: Path, story: Story
) -> None:
    del story
    old = tmp_path / "campaigns"
    old.write_text("the secret of yesterday")
    rig.stop("campaigns")
    rig.start("campaigns", {"KAFKA_SASL_PASSWORD_FILE": str(old)})
    told = "does not let in campaigns: look after its password"
    try:
        await until_async(lambda: _says(rig, "campaigns", told), "campaigns says it", 120)
    finally:
        rig.stop("campaigns")
        rig.start("campaigns", {})
    rig.await_ready(["campaigns"], seconds=120)


async def _says(rig: Rig, service: str, told: str) -> bool:
    """Whether its readiness names what is refused."""
    async with httpx.AsyncClient() as http:
        try:
            answer = await http.get(f"{rig.process(service).url}/health/ready")
        except httpx.TransportError:
            return False
    return answer.status_code == 503 and any(told in reason for reason in answer.json()["reasons"])


def _acl(name: str, operation: Any) -> Any:
    return library.AclBinding(*_fields(name, operation))


def _filter(name: str, operation: Any) -> Any:
    return library.AclBindingFilter(*_fields(name, operation))


def _fields(name: str, operation: Any) -> tuple[Any, ...]:
    return (
        library.ResourceType.TOPIC,
        name,
        library.ResourcePatternType.LITERAL,
        "User:auditor",
        "*",
        operation,
        library.AclPermissionType.ALLOW,
    )
