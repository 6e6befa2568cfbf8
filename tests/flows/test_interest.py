"""A form's response becomes a person, a consent, and a lead that grows (choreography 1–3)."""

from devstack.demo.doors import Json
from devstack.demo.story.cast import PRODUCT_LINE, Cast
from devstack.demo.story.interest import Interest, form_of, show_interest, submit
from shared.contracts.contacts import IdentityLinked
from shared.contracts.pipeline import LeadAssigned, LeadCreated, LeadScored

from tests.flows.ledger import Ledger
from tests.flows.steps import OWNER_OF_GOOD_LEADS


async def test_a_form_makes_its_sender_a_person_with_the_consent_that_was_ticked(
    cast: Cast,
) -> None:
    interest = await show_interest(cast)
    await cast.rest()
    person = await cast.sales.get("contacts", f"/v1/contacts/{interest.contact_id}")
    assert person["family_name"] == cast.customer.family_name
    assert {point["type"] for point in person["points"]} >= {"email"}
    consents = await cast.sales.get("contacts", f"/v1/contacts/{interest.contact_id}/consents")
    assert [(c["channel"], c["purpose"], c["status"]) for c in consents] == [
        ("email", "marketing", "granted")
    ]


async def test_a_form_links_its_submission_to_the_person(cast: Cast, ledger: Ledger) -> None:
    interest = await show_interest(cast)
    await cast.rest()
    links = await ledger.all_facts(IdentityLinked)
    mine = [link.event for link in links if str(link.event.contact_id) == interest.contact_id]
    assert "submission" in {link.identifier_type for link in mine}


async def test_a_form_makes_a_lead_that_is_owed_an_answer(cast: Cast, ledger: Ledger) -> None:
    interest = await show_interest(cast)
    await cast.rest()
    created = await ledger.facts(LeadCreated, interest.lead_id)
    assert len(created) == 1
    assert created[0].event.response_due_at > created[0].event.received_at
    assert created[0].event.product_interests == (PRODUCT_LINE,)


async def test_a_second_form_of_the_same_person_makes_no_second_lead(cast: Cast) -> None:
    interest = await show_interest(cast)
    await submit(cast, await form_of(cast), key="again")
    await cast.rest()
    leads = await _leads_of(cast, interest)
    assert [lead["lead_id"] for lead in leads] == [interest.lead_id]


async def _leads_of(cast: Cast, interest: Interest) -> list[Json]:
    page = await cast.sales.get("pipeline", "/v1/leads", limit=200)
    assert page["next"] is None
    return [lead for lead in page["items"] if lead["contact_id"] == interest.contact_id]


async def test_responses_raise_the_score_and_a_good_lead_gets_its_owner_by_itself(
    cast: Cast, ledger: Ledger
) -> None:
    interest = await show_interest(cast)
    await cast.rest()
    await submit(cast, await form_of(cast), key="again")
    await cast.rest()
    scores = [fact.event for fact in await ledger.facts(LeadScored, interest.lead_id)]
    assert len(scores) >= 2
    assert [score.total for score in scores] == sorted({score.total for score in scores})
    assert scores[-1].to_grade in {"A", "B"}
    assigned = await ledger.facts(LeadAssigned, interest.lead_id)
    assert [fact.event.owner_id for fact in assigned] == [OWNER_OF_GOOD_LEADS]
