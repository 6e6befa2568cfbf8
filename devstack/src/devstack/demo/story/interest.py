"""Act 1: a stranger fills a form; a person and a lead come of it by themselves."""

from dataclasses import dataclass

from devstack.demo.doors import Json, eventually
from devstack.demo.story.cast import PRODUCT_LINE, Cast


@dataclass(frozen=True)
class Interest:
    """What is known of the person who wrote."""

    contact_id: str
    lead_id: str


async def show_interest(cast: Cast) -> Interest:
    """The form, its response, the person and the lead."""
    if await _contact_id(cast) is None:
        await submit(cast, await form_of(cast), key=f"story-{cast.customer.slug}")
    contact_id = await eventually(lambda: _contact_id(cast), "the form's sender becomes a person")
    cast.tell(f"{cast.customer.given_name} answered the form and is a person in contacts")
    lead = await eventually(lambda: _lead(cast, contact_id), "a lead appears")
    cast.tell("The response became a lead")
    return Interest(contact_id, lead["lead_id"])


async def _contact_id(cast: Cast) -> str | None:
    page = await cast.sales.get("contacts", "/v1/contacts", email=cast.customer.email)
    return str(page["items"][0]["contact_id"]) if page["items"] else None


async def form_of(cast: Cast) -> Json:
    """The form that asks this customer; publishing it again gives the same one."""
    form_id = f"story-{cast.customer.slug}"
    form = {
        "form_id": form_id,
        "kind": "contact-request",
        "title": "Ask us about light",
        "consents": [
            {"channel": "email", "purpose": "marketing", "label": "You may write to me."},
        ],
        "product_interests": [PRODUCT_LINE],
    }
    return await cast.marketing.post("campaigns", "/v1/forms", form, key=form_id)


async def submit(cast: Cast, form: Json, key: str) -> None:
    """Fill the form as any stranger could; with the same key it is the same submission."""
    person = cast.customer
    answer = {
        "given_name": person.given_name,
        "family_name": person.family_name,
        "company": person.company,
        "email": person.email,
        "phone": person.phone,
        "message": "We need light for two warehouses.",
        "consents": [{"channel": "email", "purpose": "marketing"}],
    }
    headers = {"Idempotency-Key": key}
    await cast.doors.request("POST", form["submit_url"], json=answer, headers=headers)


async def _lead(cast: Cast, contact_id: str) -> Json | None:
    return await cast.sales.find(
        "pipeline", "/v1/leads", lambda lead: lead["contact_id"] == contact_id
    )
