"""The rest of docs/subscribe.md, run as written: kcat, the CloudEvents SDKs, a producer."""

import json
import uuid
from pathlib import Path

import httpx
import pytest
from devstack.demo.doors import Caller, eventually
from devstack.demo.story.cast import Cast
from shared.auth import issue_token
from shared.contracts.contacts import CustomerCreated
from shared.contracts.parking import PipelineRecordParked

from tests.flows import examples
from tests.flows.ledger import Ledger
from tests.flows.steps import open_deal

PATIENCE = 120.0


async def test_kcat_prints_every_customer(
    cast: Cast, folder: Path, environment: dict[str, str]
) -> None:
    customer_id = await _customer(cast)
    await cast.rest()
    lines = await examples.output_of(examples.commands("kcat"), folder, environment)
    told = dict(line.split(" ", 1) for line in lines)
    assert json.loads(told[customer_id])["display_name"] == "Lamp Shop Ltd"


async def test_kcat_prints_one_type_of_event(
    cast: Cast, folder: Path, environment: dict[str, str]
) -> None:
    deal_id = await open_deal(cast, await _customer(cast), "Ten lamps")
    await cast.sales.post("pipeline", f"/v1/deals/{deal_id}/win")
    await cast.rest()
    commands = examples.commands("kcat, one type of event")
    lines = await examples.output_of(commands, folder, environment)
    assert [line for line in lines if f" {deal_id} " in line]
    assert all("ce_type=crm.pipeline.deal.won.v1" in line for line in lines)


@pytest.mark.parametrize("language", ["Python", "Node"])
async def test_a_cloudevents_sdk_reads_our_records(
    language: str, cast: Cast, ledger: Ledger, folder: Path, environment: dict[str, str]
) -> None:
    commands = examples.commands(f"CloudEvents in {language}")
    await examples.prepare(commands[:-1], folder, environment)
    customer_id = await _customer(cast)
    await cast.rest()
    [sent] = [
        fact
        for fact in await ledger.all_facts(CustomerCreated)
        if str(fact.event.customer_id) == customer_id
    ]
    async with examples.running(commands, folder, environment) as example:
        await eventually(_knows(example, customer_id), f"{customer_id} read by the SDK", PATIENCE)
        await example.stop()
    read = example.latest[customer_id]
    assert (read["id"], read["type"], read["specversion"]) == (
        str(sent.envelope.event_id),
        CustomerCreated.type,
        "1.0",
    )
    assert int(read["aggregateversion"]) == sent.envelope.version
    assert CustomerCreated.model_validate(read["data"]) == sent.event


@pytest.mark.parametrize("block", ["The next page over HTTP", "A stream over HTTP"])
async def test_what_came_since_is_told_over_http(
    block: str, cast: Cast, folder: Path, environment: dict[str, str]
) -> None:
    values = _at_pipeline(cast)
    async with httpx.AsyncClient(base_url=values["PIPELINE_URL"]) as client:
        bearer = {"Authorization": f"Bearer {values['RAPPORT_TOKEN']}"}
        now = await client.get("/v1/events?after=end", headers=bearer)
    values["CURSOR"] = now.headers["rapport-cursor"]
    deal_id = await open_deal(cast, await _customer(cast), "Ten lamps")
    await cast.rest()
    lines = await examples.output_of(examples.commands(block), folder, environment | values)
    assert [line for line in lines if deal_id in line]


async def test_a_page_over_http_tells_of_deals(
    cast: Cast, folder: Path, environment: dict[str, str]
) -> None:
    await open_deal(cast, await _customer(cast), "Ten lamps")
    await cast.rest()
    commands = examples.commands("A page over HTTP")
    lines = await examples.output_of(commands, folder, environment | _at_pipeline(cast))
    told = json.loads("".join(lines))
    assert told
    assert all(event["type"].startswith("crm.pipeline.deal.") for event in told)


def _at_pipeline(cast: Cast) -> dict[str, str]:
    doors = cast.doors
    return {
        "PIPELINE_URL": doors.addresses.services["pipeline"],
        "RAPPORT_TOKEN": issue_token(doors.jwt_key, "reader", ["reader"]),
    }


def _knows(example: examples.Example, customer_id: str):  # noqa: ANN202
    async def look() -> bool:
        return customer_id in example.latest

    return look


async def test_an_order_is_told_and_a_bad_one_is_answered(
    admin: Caller, ledger: Ledger, folder: Path, environment: dict[str, str]
) -> None:
    order, bad = await _tell_orders(folder, environment)
    answer = await _answer(admin, ledger, bad)
    assert (answer.reason, answer.source_topic) == ("undecodable-body", "ext.erp.order.v1")
    assert "total" in str(answer.error)
    answers = await ledger.all_facts(PipelineRecordParked)
    assert order not in {each.event.key for each in answers}


async def test_kcat_tells_a_sender_what_became_of_its_orders(
    admin: Caller, ledger: Ledger, folder: Path, environment: dict[str, str]
) -> None:
    commands = examples.commands("What became of my orders")
    examples.require_programs(commands)
    order, bad = await _tell_orders(folder, environment)
    await _answer(admin, ledger, bad)
    told = await examples.output_of(commands, folder, environment)
    assert [line for line in told if bad in line]
    assert not [line for line in told if order in line]


async def _tell_orders(folder: Path, environment: dict[str, str]) -> tuple[str, str]:
    """Send an order twice, as in doubt, and one that cannot be read; answers their numbers."""
    commands = examples.commands("A producer")
    await examples.prepare(commands[:-1], folder, environment)
    order, bad = (f"SO-{uuid.uuid4().hex[:8]}" for _ in range(2))
    good = commands[-1].replace("SO-4711", order)
    wrong = commands[-1].replace("SO-4711", bad).replace("129.90", "dear")
    for command in (good, good, wrong):
        await examples.output_of([command], folder, environment)
    return order, bad


async def _answer(admin: Caller, ledger: Ledger, order: str) -> PipelineRecordParked:
    """What its sender is told of an order; the operator gives the record up then."""

    async def parked() -> PipelineRecordParked | None:
        facts = await ledger.all_facts(PipelineRecordParked)
        return next((fact.event for fact in facts if fact.event.key == order), None)

    answer = await eventually(parked, f"{order} is told to its sender", PATIENCE)
    path = f"/v1/parked/{answer.parked_id}/discard"
    await admin.post("pipeline", path, {"reason": "the sender was told"})
    return answer


async def _customer(cast: Cast) -> str:
    body = {"kind": "organization", "display_name": "Lamp Shop Ltd"}
    return str((await cast.sales.post("contacts", "/v1/customers", body))["customer_id"])
