"""A person asks what is held of them: every service's part is in one file, and nobody else's."""

import asyncio
import uuid
from dataclasses import replace

from devstack.demo.doors import Doors, Json, eventually
from devstack.demo.story.campaign import launch, message_of
from devstack.demo.story.cast import Cast

from tests.flows.marked import allow_mail, complain, email_of, fill_form, sell, tell_all

FOUND_IN = {
    "contacts": ("person", "contact_points", "customer", "consents", "identity_links", "history"),
    "pipeline": ("leads", "deals"),
    "service-desk": ("tickets", "messages", "surveys"),
    "campaigns": ("person", "form_submissions", "messages", "segments", "responses"),
    "customer-360": ("person", "customer", "timeline", "figures", "contactability"),
}


async def _history_of(cast: Cast, mark: str) -> str:
    """Somebody whom every service knows, by words of their own; the person's id."""
    contact_id, lead_id = await fill_form(cast, mark)
    lead = await sell(cast, lead_id, mark)
    await complain(cast, lead["customer_id"], contact_id, mark)
    survey = {"kind": "nps", "customer_id": lead["customer_id"], "contact_id": contact_id}
    sent = await cast.service.post("service-desk", "/v1/surveys", survey)
    answer = {"score": 9, "comment": f"{mark} is content"}
    path = f"/v1/surveys/{sent['survey_id']}/answer"
    await cast.service.post("service-desk", path, answer)
    await allow_mail(cast, contact_id, "marketing", mark)
    title = {"job_title": f"{mark}-captain"}
    await cast.sales.send("PATCH", "contacts", f"/v1/contacts/{contact_id}", json=title)
    await _mail(cast, contact_id, mark)
    return contact_id


async def _mail(cast: Cast, contact_id: str, mark: str) -> None:
    customer = replace(cast.customer, email=email_of(mark))
    own = replace(cast, customer=customer)
    campaign_id = await launch(own, contact_id, "spring")

    async def sent() -> Json | None:
        message = await message_of(own, contact_id, campaign_id)
        return message if message and message["status"] == "sent" else None

    await eventually(sent, "the campaign's mail is sent")


async def test_everything_that_is_held_of_a_person_is_in_one_file_and_nobody_elses(
    doors: Doors, cast: Cast
) -> None:
    mark, other = (f"zqa{uuid.uuid4().hex[:10]}" for _ in range(2))
    contact_id, _ = await asyncio.gather(_history_of(cast, mark), fill_form(cast, other))
    await cast.rest()

    request = await tell_all(doors.caller("pia", "privacy"), contact_id)

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
