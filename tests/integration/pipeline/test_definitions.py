"""Pipelines as they are published: the standard one, and new versions."""

from collections.abc import Callable

from pipeline.definitions.domain import STANDARD_PIPELINE
from pipeline.definitions.handlers import publish_standard_pipeline
from shared.auth import Role
from shared.contracts.pipeline import (
    DefinitionPublished,
)
from shared.db import Pool
from shared.ids import new_id

from tests.integration.pipeline.conftest import Caller, Outbox
from tests.integration.pipeline.deals import command, open_deal


async def test_the_standard_pipeline_is_published_once(pool: Pool, outbox: Outbox) -> None:
    await publish_standard_pipeline(pool)
    await publish_standard_pipeline(pool)
    (published,) = await outbox.facts()
    assert isinstance(published, DefinitionPublished)
    assert published.pipeline_id == STANDARD_PIPELINE.pipeline_id


async def test_a_new_version_of_a_pipeline_leaves_open_deals_on_theirs(
    sales: Caller, caller: Callable[[Role], Caller], outbox: Outbox
) -> None:
    deal = await open_deal(sales, new_id())
    admin = caller("admin")
    stages = [stage.model_dump() for stage in STANDARD_PIPELINE.stages]
    stages[1]["required_fields"] = ["primary_contact_id"]
    body = {
        "pipeline_id": str(STANDARD_PIPELINE.pipeline_id),
        "name": "Standard",
        "kind": "new-business",
        "stages": stages,
    }
    published = await admin.post("/v1/pipelines", body)
    assert (published.status_code, published.json()["pipeline_version"]) == (201, 2)
    assert (await admin.post("/v1/pipelines", body)).json()["pipeline_version"] == 2
    await command(sales, deal, "stage", {"stage_id": "proposal"})
    newer = await open_deal(sales, new_id())
    refused = await sales.post(f"/v1/deals/{newer['deal_id']}/stage", {"stage_id": "proposal"})
    assert (refused.status_code, refused.json()["missing"]) == (409, ["primary_contact_id"])
    waived = {"stage_id": "proposal", "waiver_reason": "known-person"}
    await command(sales, newer, "stage", waived)
    assert len(await outbox.facts(DefinitionPublished)) == 2
    assert [p["version"] for p in (await sales.get("/v1/pipelines")).json()["items"]] == [1, 2]
