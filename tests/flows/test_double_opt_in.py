"""A box that is to be confirmed: the mail, its link, the consent, and the way back."""

import re
import uuid
from http import HTTPStatus

from devstack.demo.doors import Json, eventually
from devstack.demo.story.cast import Cast

_LINK = re.compile(r"https?://\S+/k/[^\s\"'<>)]+")


async def test_a_ticked_box_counts_when_the_owner_of_the_address_has_confirmed_it(
    cast: Cast,
) -> None:
    form_id = f"news-{uuid.uuid4().hex[:8]}"
    box = {"channel": "email", "purpose": "newsletter"}
    form = {
        "form_id": form_id,
        "kind": "newsletter",
        "title": "News",
        "consents": [{**box, "label": "Send me news.", "double_opt_in": True}],
    }
    made = await cast.marketing.post("campaigns", "/v1/forms", form)
    answer = {"email": cast.customer.email, "given_name": "Nora", "consents": [box]}
    await cast.doors.request("POST", made["submit_url"], json=answer)

    [mail] = await eventually(
        lambda: cast.doors.mails_to(cast.customer.email), "the question comes by mail"
    )
    asked = await _consent(cast)
    assert asked is not None
    assert asked["status"] == "pending-confirmation"
    link = _LINK.search(mail["text"])
    assert link is not None
    await cast.doors.request("GET", link[0])
    await cast.doors.request("POST", link[0])

    async def granted() -> Json | None:
        consent = await _consent(cast)
        return consent if consent and consent["status"] == "granted" else None

    consent = await eventually(granted, "the confirmed consent is granted")
    assert consent["double_opt_in_at"] is not None
    assert consent["evidence_ref"].startswith(f"form:{form_id}/v1/")
    page = await cast.sales.get("contacts", "/v1/contacts", email=cast.customer.email)
    [point] = page["items"][0]["points"]
    assert point["verified_at"] is not None, "whoever follows the link has the address"
    again = await cast.doors.request("POST", link[0])
    assert again.status_code == HTTPStatus.OK
    await cast.rest()
    assert len(await cast.doors.mails_to(cast.customer.email)) == 1
    assert (await _consent(cast) or {})["version"] == consent["version"]


async def _consent(cast: Cast) -> Json | None:
    page = await cast.sales.get("contacts", "/v1/contacts", email=cast.customer.email)
    if not page["items"]:
        return None
    path = f"/v1/contacts/{page['items'][0]['contact_id']}/consents"
    consents = await cast.sales.get("contacts", path)
    return next(iter(consents), None)
