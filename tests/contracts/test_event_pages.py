"""The catalogue as a page: everything is on it, every link leads somewhere, nothing is fetched."""

import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from shared.catalogue.reactors import reactors_of
from shared.contracts import FACTS
from shared.messaging.reactions import Consumer

from tests.contracts.node import program

PAGES = Path(__file__).parents[2] / "docs" / "events"


class Page(HTMLParser):
    """What a page names: ids with their text to search, and links."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}
        self.ids: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if (own := named.get("id")) is not None:
            self.ids.add(own)
            if tag == "details":
                self.texts[own] = named["data-text"] or ""
        self.links.update(link for name, link in attrs if name in {"href", "src"} and link)


@pytest.fixture(scope="module")
def page() -> Page:
    read = Page()
    read.feed((PAGES / "index.html").read_text())
    return read


def found(query: str, page: Page) -> set[str]:
    """What the page's own search finds."""
    script = (
        "const { matches } = require(process.argv[1]);"
        "const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "const names = Object.keys(texts).filter((name) => matches(texts[name], process.argv[2]));"
        "console.log(JSON.stringify(names));"
    )
    said = subprocess.run(
        [program("node"), "-e", script, str(PAGES / "catalogue.js"), query],
        input=json.dumps(page.texts),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return set(json.loads(said))


def test_every_fact_is_on_the_page(page: Page) -> None:
    assert set(page.texts) == set(FACTS)


def test_a_fact_is_found_by_type_words_fields_topic_publisher_and_who_reacts(
    page: Page, consumers: list[Consumer]
) -> None:
    for name, fact in FACTS.items():
        wanted = (name, fact.__name__.lower(), fact.topic.name, fact.topic.publisher)
        for word in (*wanted, *fact.model_fields, *reactors_of(fact, consumers)):
            assert word in page.texts[name]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("deal won", "crm.pipeline.deal.won.v1"),
        ("  WON   Deal ", "crm.pipeline.deal.won.v1"),
        ("subject_hash campaigns", "crm.campaigns.message.unsubscribed.v1"),
        ("ext:erp", "ext.erp.order.changed.v1"),
    ],
)
def test_the_search_finds_what_has_all_the_words(query: str, wanted: str, page: Page) -> None:
    assert wanted in found(query, page)
    assert len(found(query, page)) < len(FACTS) / 4


def test_an_empty_search_shows_everything_and_a_strange_one_nothing(page: Page) -> None:
    assert found("", page) == set(FACTS)
    assert found("deal zzz", page) == set()


def test_every_link_leads_to_something_that_is_committed(page: Page) -> None:
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert (PAGES / link).resolve().exists(), link


def test_nothing_is_fetched_from_elsewhere() -> None:
    for file in PAGES.iterdir():
        outside = set(re.findall(r"(?:https?:)?//[\w.-]+", file.read_text()))
        assert {each for each in outside if not each.endswith(".example")} == set(), file.name


def test_the_page_stays_small() -> None:
    assert sum(file.stat().st_size for file in PAGES.iterdir()) < 4_000 * len(FACTS)
