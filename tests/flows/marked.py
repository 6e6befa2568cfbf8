"""Somebody whom every service knows by a word of their own: their mark, to be searched for."""

import json
import uuid
from datetime import UTC, datetime

from devstack.demo.doors import Caller, Doors, Json, eventually
from devstack.demo.story.cast import Cast, in_days

CONTACT_PATH = "/v1/contacts"


def email_of(mark: str) -> str:
    return f"{mark}@marker.example"


def other_email_of(mark: str) -> str:
    """The address under which they come again."""
    return f"other-{email_of(mark)}"


async def mails_of(doors: Doors, mark: str) -> list[Json]:
    """What they were sent, at either address."""
    addresses = email_of(mark), other_email_of(mark)
    return [mail for address in addresses for mail in await doors.mails_to(address)]


async def fill_form(cast: Cast, mark: str) -> tuple[str, str]:
    """Somebody fills a form; the person and the lead that come of it."""
    form = {
        "form_id": f"erasure-{uuid.uuid4().hex[:8]}",
        "kind": "contact-request",
        "title": "Ask us",
        "consents": [],
    }
    published = await cast.marketing.post("campaigns", "/v1/forms", form)
    email = email_of(mark)
    answer = {
        "given_name": mark,
        "family_name": f"{mark}-lind",
        "email": email,
        "message": f"It is {mark} who asks",
    }
    await cast.doors.request("POST", published["submit_url"], json=answer)

    async def known() -> str | None:
        page = await cast.sales.get("contacts", CONTACT_PATH, email=email)
        return str(page["items"][0]["contact_id"]) if page["items"] else None

    contact_id = await eventually(known, "the form's sender becomes a person")

    async def led() -> Json | None:
        return await cast.sales.find(
            "pipeline", "/v1/leads", lambda lead: bool(lead["contact_id"] == contact_id)
        )

    return contact_id, (await eventually(led, "a lead appears"))["lead_id"]


async def sell(cast: Cast, lead_id: str, mark: str) -> Json:
    deal = {
        "name": f"Lamps for {mark}",
        "amount": "48000.00",
        "currency": "EUR",
        "expected_close_date": in_days(30).isoformat(),
    }
    steps: tuple[tuple[str, Json], ...] = (
        ("assign", {"owner_id": "sue"}),
        ("contact", {}),
        ("qualify", {"framework": "bant", "answers": {"need": "light"}}),
        ("convert", {"deal": deal}),
    )
    lead: Json = {}
    for command, body in steps:
        lead = await cast.sales.post("pipeline", f"/v1/leads/{lead_id}/{command}", body)
    return lead


async def complain(cast: Cast, customer_id: str, contact_id: str, mark: str) -> None:
    ticket = {
        "customer_id": customer_id,
        "contact_id": contact_id,
        "channel": "phone",
        "ticket_type": "repair",
        "subject": f"{mark} is in the dark",
        "body": f"Regards, {mark}",
        "severity": 3,
    }
    await cast.service.post("service-desk", "/v1/tickets", ticket)


async def tell_all(officer: Caller, contact_id: str) -> Json:
    asked = await officer.post("contacts", "/v1/privacy/exports", {"contact_id": contact_id})
    request_id = asked["request_id"]
    path = f"/v1/privacy/requests/{request_id}"
    await officer.post("contacts", f"{path}/verify", {"method": "passport"})
    await officer.post("contacts", f"/v1/privacy/exports/{request_id}/start")

    async def done() -> Json | None:
        request = await officer.get("contacts", path)
        return request if request["status"] == "completed" else None

    return await eventually(done, "every service has told its part")


async def allow_mail(cast: Cast, contact_id: str, purpose: str, mark: str) -> None:
    """The person says yes on the telephone."""
    yes = {
        "channel": "email",
        "purpose": purpose,
        "source": "call",
        "evidence_ref": f"call-{mark}",
    }
    await cast.sales.post("contacts", f"{CONTACT_PATH}/{contact_id}/consents/grant", yes)


async def bring_by_file(cast: Cast, mark: str) -> str:
    """The same person comes again, by a file and under another address; the second record."""
    row = f"{mark}-no,{mark},{mark}-lind,{other_email_of(mark)}"
    spec = {
        "entity_type": "contact",
        "source_label": "fair",
        "on_duplicate": "create",
        "mapping": {
            "no": "external_id:fair",
            "given": "given_name",
            "family": "family_name",
            "mail": "email",
        },
    }
    file = f"no,given,family,mail\n{row}\n,nobody,,no address\n"
    started = await cast.sales.send(
        "POST",
        "contacts",
        "/v1/imports",
        files={"file": ("people.csv", file.encode(), "text/csv")},
        data={"spec": json.dumps(spec)},
    )
    path = f"/v1/imports/{started.json()['import_id']}"

    async def done() -> Json | None:
        seen = await cast.sales.get("contacts", path)
        return seen if seen["status"] == "completed" else None

    seen = await eventually(done, "the file is imported")
    assert (seen["created"], seen["rejected"]) == (1, 1)
    page = await cast.sales.get("contacts", CONTACT_PATH, email=other_email_of(mark))
    return str(page["items"][0]["contact_id"])


async def make_one(cast: Cast, survivor_id: str, merged_id: str) -> None:
    """Both records are the same person."""
    merge = {
        "survivor_id": survivor_id,
        "merged_ids": [merged_id],
        "reason_code": "duplicate",
        "force_reason": "same-person",
    }
    await cast.sales.post("contacts", "/v1/merges/people", merge)


async def settle_down(cast: Cast, contact_id: str, mark: str) -> None:
    """A household that bears the person's name."""
    home = {
        "name": f"At {mark}'s",
        "member_contact_ids": [contact_id],
        "head_contact_id": contact_id,
    }
    await cast.sales.post("contacts", "/v1/households", home)


async def talk(cast: Cast, customer_id: str, contact_id: str, mark: str) -> None:
    """A call is noted, and something is promised in it."""
    call = {
        "customer_id": customer_id,
        "contact_ids": [contact_id],
        "channel": "phone",
        "direction": "inbound",
        "kind": "call",
        "occurred_at": datetime.now(UTC).isoformat(),
        "subject": f"{mark} called",
    }
    await cast.sales.post("contacts", "/v1/interactions", call)
    promised = {
        "customer_id": customer_id,
        "contact_id": contact_id,
        "kind": "delivery",
        "text": f"{mark} gets two more lamps",
        "due_at": f"{in_days(9).isoformat()}T12:00:00Z",
    }
    await cast.sales.post("pipeline", "/v1/commitments", promised)


async def select(cast: Cast, contact_id: str) -> str:
    """A segment of nobody else."""
    wanted = {"name": f"Segment {uuid.uuid4().hex}", "kind": "static"}
    segment_id = (await cast.marketing.post("campaigns", "/v1/segments", wanted))["segment_id"]
    path = f"/v1/segments/{segment_id}/members"
    await cast.marketing.post("campaigns", path, {"contact_ids": [contact_id]})
    return str(segment_id)


async def write_to(cast: Cast, segment_id: str) -> None:
    """Mail of a purpose that is capped by nothing: whoever may be written to gets it."""
    plan = {
        "name": f"Campaign {uuid.uuid4().hex}",
        "campaign_type": "email",
        "objective": "service",
        "purpose": "service",
        "segment_ids": [segment_id],
        "subject": "Your lamps",
        "body_text": "How is it going?",
    }
    campaign = await cast.marketing.post("campaigns", "/v1/campaigns", plan)
    await cast.marketing.post("campaigns", f"/v1/campaigns/{campaign['campaign_id']}/launch")


async def become_known(
    cast: Cast, officer: Caller, mark: str, evidence: str | None = None
) -> tuple[str, str]:
    """Somebody of whom every service has something; the person and the customer.

    `evidence` is what the consent rests on; it has the mark unless said otherwise.
    """
    contact_id, lead_id = await fill_form(cast, mark)
    customer_id = str((await sell(cast, lead_id, mark))["customer_id"])
    await cast.rest()
    await complain(cast, customer_id, contact_id, mark)
    await talk(cast, customer_id, contact_id, mark)
    await allow_mail(cast, contact_id, "service", evidence or mark)
    await make_one(cast, contact_id, await bring_by_file(cast, mark))
    await settle_down(cast, contact_id, mark)
    await cast.rest()
    await tell_all(officer, contact_id)
    return contact_id, customer_id


async def erased(officer: Caller, contact_id: str) -> Json:
    asked = await officer.post("contacts", "/v1/privacy/erasures", {"contact_id": contact_id})
    path = f"/v1/privacy/requests/{asked['request_id']}"
    await officer.post("contacts", f"{path}/verify", {"method": "passport"})
    await officer.post("contacts", f"{path}/start")

    async def done() -> Json | None:
        request = await officer.get("contacts", path)
        return request if request["status"] == "completed" else None

    return await eventually(done, "every service has acknowledged")
