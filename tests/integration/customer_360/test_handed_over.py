"""What the brief of a handover concerns: tickets and leads too, each with whoever gets it."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.contracts import contacts as k
from shared.contracts import pipeline as p
from shared.contracts import service_desk as s
from shared.contracts.contacts.ratings import Credit

from tests.integration.customer_360.conftest import Customer360
from tests.unit.customer_360.histories.ids import an_id
from tests.unit.customer_360.histories.story import Story
from tests.unit.customer_360.histories.times import at

ADA, BOB = Story("ada"), Story("bob")
HANDOVER = an_id("handover")
LEAVER, HEIR = "anna", "tim"


def started(reason_code: str = "left") -> k.HandoverStarted:
    return k.HandoverStarted(
        handover_id=HANDOVER,
        from_owner_id=LEAVER,
        to_owner_id=HEIR,
        reason_code=reason_code,
        due_at=at(90),
        required_acks=(),
    )


def completed() -> k.HandoverCompleted:
    return k.HandoverCompleted(
        handover_id=HANDOVER, from_owner_id=LEAVER, to_owner_id=HEIR, status="completed"
    )


def ticket_given(
    story: Story, agent_id: str = LEAVER, handover_id: UUID | None = None
) -> s.TicketAssigned:
    return s.TicketAssigned(
        ticket_id=story.ticket,
        customer_id=story.customer,
        agent_id=agent_id,
        method="handover" if handover_id else "manual",
        handover_id=handover_id,
    )


def lead(name: str = "lead", **fields: Any) -> p.LeadCreated:
    return p.LeadCreated(
        lead_id=an_id(name),
        source="form",
        channel="web",
        received_at=at(1),
        response_due_at=at(4),
        **fields,
    )


def lead_given(
    name: str = "lead", owner_id: str = LEAVER, handover_id: UUID | None = None
) -> p.LeadAssigned:
    return p.LeadAssigned(
        lead_id=an_id(name),
        owner_id=owner_id,
        reason_code="handover" if handover_id else "manual",
        response_due_at=at(4),
        handover_id=handover_id,
    )


async def brief(service: Customer360, **params: Any) -> Any:
    return await service.get(f"/v1/handovers/{HANDOVER}/brief", **params)


def handed_over(customer: Any) -> list[tuple[str, str, str, bool]]:
    return [
        (each["kind"], each["id"], each["to_owner_id"], each["has_moved"])
        for each in customer["handed_over"]
    ]


async def test_an_agent_who_has_nothing_but_tickets_has_a_brief(service: Customer360) -> None:
    await service.happens(
        ADA.customer_state(owner_id="otto"),
        BOB.customer_state(owner_id="otto"),
        ADA.ticket_opened(),
        ticket_given(ADA),
        BOB.ticket_opened(),
        ticket_given(BOB, "zoe"),
        started(),
    )
    [customer] = (await brief(service))["items"]
    assert (customer["customer_id"], customer["owner_id"]) == (str(ADA.customer), "otto")
    assert [each["ticket_id"] for each in customer["tickets"]] == [str(ADA.ticket)]
    assert handed_over(customer) == [("ticket", str(ADA.ticket), HEIR, False)]

    await service.happens(ticket_given(ADA, HEIR, HANDOVER), completed())
    [customer] = (await brief(service))["items"]
    assert handed_over(customer) == [("ticket", str(ADA.ticket), HEIR, True)]
    await service.happens(ADA.ticket_resolved())
    [customer] = (await brief(service))["items"]
    assert (customer["tickets"], len(customer["handed_over"])) == ([], 1)


async def test_a_ticket_that_was_resolved_before_is_handed_over_to_nobody(
    service: Customer360,
) -> None:
    await service.happens(
        ADA.customer_state(owner_id="otto"),
        ADA.ticket_opened(),
        ticket_given(ADA),
        ADA.ticket_resolved().model_copy(update={"agent_id": LEAVER}),
        started(),
    )
    assert (await brief(service))["items"] == []


async def test_a_seller_who_has_nothing_but_leads_has_a_brief(service: Customer360) -> None:
    await service.happens(
        ADA.customer_state(owner_id="otto"),
        lead("of-ada", customer_id=ADA.customer),
        lead_given("of-ada"),
        lead("of-zoe", customer_id=ADA.customer),
        lead_given("of-zoe", "zoe"),
        started(),
    )
    told = await brief(service)
    [customer] = told["items"]
    assert {each["lead_id"] for each in customer["leads"]} == {
        str(an_id("of-ada")),
        str(an_id("of-zoe")),
    }
    assert handed_over(customer) == [("lead", str(an_id("of-ada")), HEIR, False)]
    assert told["leads"]["items"] == []

    await service.happens(lead_given("of-ada", HEIR, HANDOVER), completed())
    [customer] = (await brief(service))["items"]
    assert handed_over(customer) == [("lead", str(an_id("of-ada")), HEIR, True)]


async def test_a_lead_of_nobody_whom_we_know_has_a_list_of_its_own(service: Customer360) -> None:
    await service.happens(
        ADA.contact_state(memberships=()),
        lead(),
        p.LeadIdentified(lead_id=an_id("lead"), contact_id=ADA.contact),
        lead_given(),
        lead("closed"),
        lead_given("closed"),
        p.LeadDisqualified(
            lead_id=an_id("closed"), reason_code="no-budget", disqualified_by=LEAVER
        ),
        started(),
    )

    async def leads() -> list[tuple[str, str, str, bool]]:
        told = await brief(service)
        assert told["items"] == []
        return [
            (
                one["lead_id"],
                one["name"],
                one["handed_over"]["to_owner_id"],
                one["handed_over"]["has_moved"],
            )
            for one in told["leads"]["items"]
        ]

    assert await leads() == [(str(an_id("lead")), "Ada Lovelace", HEIR, False)]
    await service.happens(lead_given(owner_id="uma", handover_id=HANDOVER), completed())
    assert await leads() == [(str(an_id("lead")), "Ada Lovelace", "uma", True)]

    await service.happens(
        ADA.customer_state(owner_id="otto"),
        p.LeadConverted(
            lead_id=an_id("lead"),
            customer_id=ADA.customer,
            contact_id=ADA.contact,
            created_customer=True,
            created_contact=False,
            converted_by="uma",
        ),
    )
    told = await brief(service)
    assert told["leads"]["items"] == []
    [customer] = told["items"]
    assert handed_over(customer) == [("lead", str(an_id("lead")), "uma", True)]
    assert customer["leads"] == []


async def test_leads_of_nobody_are_paged(service: Customer360) -> None:
    names = ("one", "two", "three")
    facts = [fact for name in names for fact in (lead(name), lead_given(name))]
    await service.happens(*facts, started())
    page = (await brief(service, limit=2))["leads"]
    rest = await service.get(f"/v1/handovers/{HANDOVER}/brief/leads", limit=2, cursor=page["next"])
    assert rest["next"] is None
    seen = [each["lead_id"] for each in (*page["items"], *rest["items"])]
    assert seen == sorted(str(an_id(name)) for name in names)


async def test_whoever_is_back_keeps_what_they_have(service: Customer360) -> None:
    await service.happens(
        ADA.customer_state(owner_id="otto"),
        ADA.ticket_opened(),
        ticket_given(ADA),
        lead(),
        lead_given(),
        started("absence"),
    )
    told = await brief(service)
    assert (len(told["items"]), len(told["leads"]["items"])) == (1, 1)
    await service.happens(completed())
    told = await brief(service)
    assert (told["items"], told["leads"]["items"]) == ([], [])


async def test_everything_of_one_customer_is_told_with_whoever_gets_it(
    service: Customer360,
) -> None:
    await service.happens(
        ADA.customer_state(owner_id=LEAVER),
        ADA.deal_opened(owner_id=LEAVER),
        ADA.promise(owner_id=LEAVER),
        ADA.ticket_opened(),
        ticket_given(ADA),
        lead(customer_id=ADA.customer),
        lead_given(),
        started(),
    )
    things = [
        ("customer", str(ADA.customer)),
        ("deal", str(ADA.deal)),
        ("lead", str(an_id("lead"))),
        ("ticket", str(ADA.ticket)),
        ("commitment", str(ADA.commitment)),
    ]
    [customer] = (await brief(service))["items"]
    assert handed_over(customer) == [(*thing, HEIR, False) for thing in things]
    assert {each["from_owner_id"] for each in customer["handed_over"]} == {LEAVER}

    await service.happens(
        k.CustomerOwnerChanged(
            customer_id=ADA.customer,
            from_owner_id=LEAVER,
            to_owner_id="uma",
            reason_code="handover",
            handover_id=HANDOVER,
        )
    )
    [customer] = (await brief(service))["items"]
    assert handed_over(customer)[0] == ("customer", str(ADA.customer), "uma", True)


async def test_it_tells_credit_and_how_the_last_touch_with_a_person_felt(
    service: Customer360,
) -> None:
    credit = Credit(
        limit=Decimal(1000), currency="EUR", exposure=Decimal(1200), available=Decimal(-200)
    )
    await service.happens(
        ADA.customer_state(owner_id=LEAVER, credit=credit),
        ADA.contact_state(),
        ADA.touch(1, sentiment="positive"),
        ADA.touch(2, sentiment="negative"),
        ADA.touch(3),
        started(),
    )
    [customer] = (await brief(service))["items"]
    assert Decimal(customer["credit"]["available"]) == -200
    assert [alert["code"] for alert in customer["alerts"]] == ["credit-over-limit"]
    [person] = customer["people"]
    noted = at(2).isoformat().replace("+00:00", "Z")
    assert (person["stance"], person["stance_at"]) == ("negative", noted)


async def test_whoever_was_merged_is_not_named(service: Customer360) -> None:
    merged = {"record_status": "merged", "merged_into": BOB.customer}
    await service.happens(
        ADA.customer_state(owner_id=LEAVER, **merged),
        BOB.customer_state(owner_id=LEAVER),
        started(),
    )
    told = await brief(service)
    assert [customer["customer_id"] for customer in told["items"]] == [str(BOB.customer)]
