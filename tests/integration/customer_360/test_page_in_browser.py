"""The page in a real browser: every card of a rich customer shows what is known, wide and narrow.

With `SCREENSHOTS` the pictures are kept in that folder.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from customer_360.histories.asking import Contacts
from fastapi import FastAPI
from playwright.async_api import Browser, Page, expect

from tests.browser import browsing
from tests.integration.customer_360.conftest import Customer360, asking, token
from tests.integration.customer_360.rich import Rich
from tests.unit.customer_360.histories.story import Story

WIDE, NARROW = 1200, 400
TEXTS = """
(table) => [...table.rows].map((row) => [...row.cells].map((cell) => cell.innerText.trim()))
"""

CARDS = {
    "header": ("Ada Müller Machines", "grade B", "Made of 2 records", "processing restricted"),
    "people": ("Ada Lovelace", "Head of buying", "✓ verified", "12 Mill Lane", "birthday", "left"),
    "households": ("Ada Lovelace", "head"),
    "identity": ("This customer and record", "91 %", "same name, phone"),
    "merges": (
        "by mia",
        "can be undone until",
        "Twin Müller Machines → this customer",
        "undone by otto: mistake",
    ),
    "privacy": ("Data must not be processed", "Ada Former"),
    "preferences": ("Call time: evening", "80 % sure"),
    "leads": ("Converted",),
    "deals": ("€82,000.00", "open critical ticket", "1 won (€12,000.00)"),
    "commitments": ("Delivery", "left", "1 earlier promise"),
    "service": ("T-2 repair", "severity 1", "Resolution", "1 earlier ticket"),
    "orders": ("ada-3", "due ", "Recency", "Frequency", "Monetary"),
    "grade-card": ("Contribution", "0.4 × 88", "35.2", "margin 12m 51000", "Grade D (31 points)"),
    "credit": ("€30,000.00", "Approved by cleo", "valid until", "the cap €50,000.00", "38 days"),
    "group": ("Müller Tools Wales", "2 open deals (€94,000.00)", "Dealer → Dealer & Sons"),
    "partners": ("Dealer · Silver", "active", "Ada Lovelace · sales", "expired on", "basic until"),
    "handovers": ("anna → zoe", "under way", "completed", "Read the brief"),
    "interactions": ("Call · outbound · reached",),
    "campaigns": ("Spring", "sent · clicked", "Responses", "Click · Spring"),
    "history": ("Show changes",),
    "timeline": ("Merged with 1 other of its records", "Deal opened: 82,000.00 EUR"),
}


@dataclass
class Looked:
    """A page, and what its console complained of."""

    page: Page
    complaints: list[str]

    async def card(self, name: str) -> str:
        return await self.page.locator(f"#{name}").inner_text()

    async def words(self) -> list[str]:
        return (await self.page.locator("main").inner_text()).split()

    async def keep(self, name: str) -> None:
        folder = os.environ.get("SCREENSHOTS")
        if folder:
            await self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    async def is_as_wide_as_the_window(self) -> bool:
        fits: bool = await self.page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
        return fits


Look = Callable[..., Awaitable[Looked]]


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with browsing() as started:
        yield started


@pytest.fixture
async def look(address: str, browser: Browser) -> AsyncIterator[Look]:
    """Open the page at a place behind the `#`, so wide, with a token unless told otherwise."""
    context = await browser.new_context(locale="en-GB", timezone_id="UTC")

    async def opened(place: str, width: int = WIDE, *, with_token: bool = True) -> Looked:
        page = await context.new_page()
        await page.set_viewport_size({"width": width, "height": 900})
        looked = Looked(page, [])
        page.on("pageerror", lambda error: looked.complaints.append(str(error)))
        page.on(
            "console",
            lambda said: looked.complaints.append(said.text) if said.type == "error" else None,
        )
        known = f"token={token()}&" if with_token else ""
        await page.goto(f"{address}/#{known}{place}")
        return looked

    yield opened
    await context.close()


@pytest.mark.parametrize("width", [WIDE, NARROW])
async def test_every_card_of_a_rich_customer_shows_what_is_known(
    service: Customer360, look: Look, width: int
) -> None:
    rich = Rich()
    await rich.happen(service)

    looked = await look(f"customer={rich.customer}", width)
    await expect(looked.page.locator("#live")).to_have_text("Live")

    missing = {
        (name, text)
        for name, texts in CARDS.items()
        for shown in [await looked.card(name)]
        for text in texts
        if text.lower() not in shown.lower()
    }
    await looked.keep(f"customer-{width}")
    assert missing == set()
    assert {"null", "undefined", "true", "NaN"} & set(await looked.words()) == set()
    assert looked.complaints == []
    assert await looked.is_as_wide_as_the_window()


async def test_what_a_person_allows_stands_in_a_table_with_why_not(
    service: Customer360, look: Look
) -> None:
    rich = Rich()
    await rich.happen(service)
    looked = await look(f"customer={rich.customer}")

    person = looked.page.locator("#people li").filter(has_text="Ada Lovelace").first
    table = await cells(person.locator("table.may"))
    said = await cells(person.locator("table.said"))
    assert table[0] == ["May I, now?", "Email", "Phone", "SMS", "Post"]
    answers = {row[0]: row[1:] for row in table[1:]}
    assert len(answers) == 6
    assert answers["Newsletter"][0] == "critical ticket"
    assert answers["Marketing"][:2] == ["withdrawn", "not asked"]
    assert answers["Events"][2] == "suppressed"
    assert answers["Service"][3] == "✓ yes"
    words = {row[0]: row[1:] for row in said[1:]}
    assert words["Post, service"] == ["granted 2 Mar 2026", "contract", "contract"]
    assert words["Email, newsletter"][0].startswith("granted 2 Mar 2026 until ")
    assert words["Email, newsletter"][2] == "form, confirmed by mail"
    assert "SMS is suppressed for everything" in await person.inner_text()


async def cells(table: Any) -> list[list[str]]:
    await expect(table).to_be_visible()
    found: list[list[str]] = await table.evaluate(TEXTS)
    return found


async def test_who_changed_what_is_read_at_contacts_when_somebody_wants_to_see_it(
    service: Customer360, contacts: FastAPI, look: Look
) -> None:
    rich = await _known_to_contacts(asking(service, contacts))
    await service.happens(rich.state(), rich.person())
    for width in (WIDE, NARROW):
        looked = await look(f"customer={rich.customer}", width)
        await looked.page.get_by_role("button", name="Show changes").click()
        await expect(looked.page.locator("#history del").first).to_be_visible()

        changes = await looked.card("history")
        await looked.keep(f"history-{width}")
        assert "Ada Ltd → Ada Müller Machines" in changes
        assert "Ada Lovelace · consent, sms events" in changes
        assert "nothing → Head of buying" in changes
        assert "tess" in changes
        assert looked.complaints == []
        assert await looked.is_as_wide_as_the_window()


async def test_older_changes_come_page_by_page_in_one_order(
    service: Customer360, contacts: FastAPI, look: Look
) -> None:
    client = asking(service, contacts)
    rich = await _known_to_contacts(client)
    await service.happens(rich.state(), rich.person())
    for number in range(25):
        body = {"job_title": f"Step {number}"}
        answer = await client.patch(f"/v1/contacts/{rich.contact}", json=body)
        assert answer.is_success
    looked = await look(f"customer={rich.customer}")
    await looked.page.get_by_role("button", name="Show changes").click()
    changes = looked.page.locator("#history ol > li")
    await expect(changes).to_have_count(20)

    await looked.page.get_by_role("button", name="Show older changes").click()

    await expect(changes).to_have_count(25 + 5)
    shown = await looked.card("history")
    steps = [shown.index(f"→ Step {number}\n") for number in range(25)]
    assert steps == sorted(steps, reverse=True)
    assert steps[0] < shown.index("Ada Ltd → Ada Müller Machines")
    assert looked.complaints == []


async def _known_to_contacts(client: httpx.AsyncClient) -> Rich:
    """A customer and a person whom contacts knows, each changed by somebody."""

    async def written(method: str, path: str, body: Any) -> Any:
        answer = await client.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    customer = {"kind": "organization", "display_name": "Ada Ltd", "source": "fair"}
    customer_id = (await written("POST", "/v1/customers", customer))["customer_id"]
    contact_id = (await written("POST", "/v1/contacts", {"given_name": "Ada"}))["contact_id"]
    renamed = {"display_name": "Ada Müller Machines", "tags": ["key-account"]}
    await written("PATCH", f"/v1/customers/{customer_id}", renamed)
    await written("PATCH", f"/v1/contacts/{contact_id}", {"job_title": "Head of buying"})
    grant = {"channel": "sms", "purpose": "events", "source": "form"}
    await written("POST", f"/v1/contacts/{contact_id}/consents/grant", grant)
    return Rich(customer=UUID(customer_id), contact=UUID(contact_id))


async def test_where_contacts_is_silent_the_card_says_so(service: Customer360, look: Look) -> None:
    service.app.state.contacts = Contacts(None)
    await service.happens(Story().customer_state())
    looked = await look(f"customer={Story().customer}")
    await looked.page.get_by_role("button", name="Show changes").click()
    await expect(looked.page.locator("#history")).to_contain_text("does not say where contacts is")


async def test_a_merged_record_leads_to_the_customer_that_it_is_now(
    service: Customer360, look: Look
) -> None:
    rich, twin = Rich(), Story("twin")
    await rich.happen(service)

    looked = await look(f"customer={twin.customer}")

    name = looked.page.locator("#header h1")
    await expect(name).to_have_text("Ada Müller Machines")
    note = f"The record {str(twin.customer)[:8]}… was merged into this customer."
    assert note in await looked.card("header")
    assert looked.page.url.endswith(f"#customer={rich.customer}")
    assert looked.complaints == []


async def test_what_happens_is_seen_at_once_and_what_was_folded_away_stays_so(
    service: Customer360, look: Look
) -> None:
    story = Story()
    await service.happens(story.customer_state(), story.contact_state())
    looked = await look(f"customer={story.customer}")
    await expect(looked.page.locator("#live")).to_have_text("Live")
    await looked.page.locator("#people summary").click()

    await service.happens(story.deal_opened())

    await expect(looked.page.locator("#deals")).to_contain_text("€12,000.00")
    assert not await looked.page.locator("#people table.may").is_visible()
    assert looked.complaints == []


async def test_an_archived_customer_and_person_are_marked(service: Customer360, look: Look) -> None:
    story = Story()
    await service.happens(
        story.customer_state(record_status="archived"),
        story.contact_state(record_status="archived"),
    )
    looked = await look(f"customer={story.customer}")
    await expect(looked.page.locator("#header .chip", has_text="archived")).to_be_visible()
    await expect(looked.page.locator("#people .chip", has_text="archived")).to_be_visible()


@pytest.mark.parametrize("width", [WIDE, NARROW])
async def test_the_brief_of_a_handover_is_a_page_that_can_be_printed(
    service: Customer360, look: Look, width: int
) -> None:
    rich = Rich()
    await rich.happen(service)
    looked = await look(f"customer={rich.customer}", width)
    running = looked.page.locator("#handovers li").filter(has_text="anna → zoe")
    await running.get_by_role("link", name="Read the brief").click()

    head = looked.page.locator("#brief")
    await expect(head).to_contain_text("From anna to zoe")
    customer = looked.page.get_by_role("region", name="Ada Müller Machines")
    for title in ("Promises that are owed", "Open deals", "Open tickets", "Clocks that run"):
        await expect(customer).to_contain_text(title)
    await expect(customer).to_contain_text("Ada Lovelace")
    await expect(looked.page.locator("main")).not_to_contain_text("null")
    await looked.keep(f"brief-{width}")
    assert await looked.is_as_wide_as_the_window()
    await looked.page.emulate_media(media="print")
    await expect(looked.page.locator(".bar")).to_be_hidden()
    await looked.keep(f"brief-{width}-print")
    assert looked.complaints == []
    await looked.page.go_back()
    await expect(looked.page.locator("#header h1")).to_have_text("Ada Müller Machines")


async def test_without_a_token_the_page_asks_who_is_there(service: Customer360, look: Look) -> None:
    story = Story()
    await service.happens(story.customer_state())
    looked = await look(f"customer={story.customer}", with_token=False)
    await looked.page.get_by_label("Bearer token").fill(token())
    await looked.page.get_by_role("button", name="Open").click()
    await expect(looked.page.locator("#header h1")).to_have_text("Ada Müller Machines")
    assert looked.complaints == []
