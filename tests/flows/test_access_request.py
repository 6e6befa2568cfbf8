"""A person asks what is held of them: every service's part is in one file, and nobody else's."""

import asyncio
import uuid
from dataclasses import replace

from devstack.demo.doors import Caller, Doors, Json, eventually
from devstack.demo.story.campaign import launch, message_of
from devstack.demo.story.cast import Cast

from tests.flows.test_erasure import _form, _sale, _ticket

FOUND_IN = {
    "contacts": ("person", "contact_points", "customer", "consents", "identity_links", "history"),
    "pipeline": ("leads", "deals"),
    "service-desk": ("tickets", "messages", "surveys"),
    "campaigns": ("person", "form_submissions", "messages", "segments", "responses"),
    "customer-360": ("person", "customer", "timeline", "figures", "contactability"),
}


async def _history_of(cast: Cast, mark: str) -> str:
    """Somebody whom every service knows, by words of their own; the person's id."""
    contact_id, lead_id = await _form(cast, mark)
    lead = await _sale(cast, lead_id, mark)
    await _ticket(cast, lead["customer_id"], contact_id, mark)
    survey = {"kind": "nps", "customer_id": lead["customer_id"], "contact_id": contact_id}
    sent = await cast.service.post("service-desk", "/v1/surveys", survey)
    answer = {"score": 9, "comment": f"{mark} is content"}
    path = f"/v1/surveys/{sent['survey_id']}/answer"
    await cast.service.post("service-desk", path, answer)
    yes = {
        "channel": "email",
        "purpose": "marketing",
        "source": "call",
        "evidence_ref": f"call-{mark}",
    }
    await cast.sales.post("contacts", f"/v1/contacts/{contact_id}/consents/grant", yes)
    title = {"job_title": f"{mark}-captain"}
    await cast.sales.send("PATCH", "contacts", f"/v1/contacts/{contact_id}", json=title)
    await _mail(cast, contact_id, mark)
    return contact_id


async def _mail(cast: Cast, contact_id: str, mark: str) -> None:
    customer = replace(cast.customer, email=f"{mark}@marker.example")
    own = replace(cast, customer=customer)
    campaign_id = await launch(own, contact_id, "spring")

    async def sent() -> Json | None:
        message = await message_of(own, contact_id, campaign_id)
        return message if message and message["status"] == "sent" else None

    await eventually(sent, "the campaign's mail is sent")


async def _answered(officer: Caller, contact_id: str) -> Json:
    asked = await officer.post("contacts", "/v1/privacy/exports", {"contact_id": contact_id})
    request_id = asked["request_id"]
    path = f"/v1/privacy/requests/{request_id}"
    await officer.post("contacts", f"{path}/verify", {"method": "passport"})
    await officer.post("contacts", f"/v1/privacy/exports/{request_id}/start")

    async def done() -> Json | None:
        request = await officer.get("contacts", path)
        return request if request["status"] == "completed" else None

    return await eventually(done, "every service has told its part")


async def test_everything_that_is_held_of_a_person_is_in_one_file_and_nobody_elses(
    doors: Doors, cast: Cast
) -> None:
    mark, other = (f"zqa{uuid.uuid4().hex[:10]}" for _ in range(2))
    contact_id, _ = await asyncio.gather(_history_of(cast, mark), _form(cast, other))
    await cast.rest()

    request = await _answered(doors.caller("pia", "privacy"), contact_id)

    reader = doors.caller("dora", "disclosure")
    bundle = f"/v1/privacy/requests/{request['request_id']}/bundle"
    file = await reader.send("GET", "contacts", bundle)
    page = await reader.send("GET", "contacts", bundle, params={"format": "html"})
    parts = file.json()["parts"]
    for service, sections in FOUND_IN.items():
        for section in sections:
            assert parts[service][section], f"{service} tells nothing of {section}"
    told = (
        f"{mark}@marker.example",
        f"{mark}-lind",
        f"It is {mark} who asks",
        f"Lamps for {mark}",
        f"{mark} is in the dark",
        f"Regards, {mark}",
        f"{mark} is content",
        f"call-{mark}",
        f"{mark}-captain",
        "Light for your spring",
    )
    for text in told:
        assert text in file.text, text
        assert text in page.text, text
    assert other not in file.text
    assert other not in page.text
