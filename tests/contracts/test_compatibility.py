"""What may change inside a major version of a fact, and what is refused with which advice."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import Field
from shared.catalogue.changelog import differences
from shared.catalogue.compatibility import lost_facts, refusals
from shared.catalogue.json_schemas import body_of
from shared.catalogue.reserved import with_reserved_fields
from shared.catalogue.revisions import Revision, next_revision, revision_of
from shared.contracts.codes import Open
from shared.contracts.topic import Event, Topic, events_topic

TODAY = date(2026, 11, 25)
EMPTY: dict[Any, Any] = {}


def topic(aggregate: str = "parcel", key: str = "parcel_id") -> Topic:
    return events_topic("depot", aggregate, key=key, holds="parcels")


class WithoutNote(Event):
    """All of the first revision but its note."""

    parcel_id: UUID
    customer_id: UUID
    weight: Decimal
    carrier: Literal["bike", "van"]
    reason: Annotated[str, Open.to(Literal["sold", "lent"])]
    stops: tuple[str, ...] = ()
    prices: dict[Literal["net", "gross"], Decimal] = EMPTY
    insured: bool = False
    code: str = Field(default="", max_length=10)


@topic().fact("sent")
class ParcelSent(WithoutNote):
    """The first revision, from which all others here differ in one thing."""

    note: str | None = None


FIRST = revision_of(ParcelSent, TODAY)


def proposed(body: type[Event], of: Topic | None = None) -> Revision:
    """The revision that `sent` would get if its class were this one."""
    return revision_of((of or topic()).fact("sent")(body), TODAY, 2)


def refused(body: type[Event], *known: Revision) -> str:
    sentences = refusals(proposed(body), known or (FIRST,))
    assert len(sentences) == 1, sentences
    return sentences[0]


def test_nothing_changed_needs_no_revision() -> None:
    assert next_revision(ParcelSent, [FIRST], date(2030, 1, 1)) is None


def test_an_optional_field_may_come() -> None:
    class Sent(ParcelSent):
        """Also says where to."""

        depot: str | None = None

    assert refusals(proposed(Sent), [FIRST]) == []
    assert list(differences(FIRST.shape, proposed(Sent).shape)) == ["optional `depot` added"]


def test_an_optional_field_may_go_and_come_back() -> None:
    second = proposed(WithoutNote)
    assert refusals(second, [FIRST]) == []
    assert list(differences(FIRST.shape, second.shape)) == ["optional `note` no longer written"]
    assert refusals(revision_of(ParcelSent, TODAY, 3), [FIRST, second]) == []


def test_words_are_no_revision() -> None:
    class Sent(ParcelSent):
        """Other words for the same."""

    assert next_revision(topic().fact("sent")(Sent), [FIRST], TODAY) is None


def test_the_order_of_fields_and_values_is_no_revision() -> None:
    class Sent(ParcelSent):
        """The same, written in another order."""

        carrier: Literal["van", "bike"]
        reason: Annotated[str, Open.to(Literal["lent", "sold"])]

    assert next_revision(topic().fact("sent")(Sent), [FIRST], TODAY) is None


def test_an_open_code_may_gain_and_lose_values() -> None:
    class Sent(ParcelSent):
        """With other reasons."""

        reason: Annotated[str, Open.to(Literal["sold", "returned"])]

    assert refusals(proposed(Sent), [FIRST]) == []
    assert list(differences(FIRST.shape, proposed(Sent).shape)) == [
        "`reason` may also be returned",
        "`reason` is no longer lent",
    ]


def test_a_new_required_field_is_refused() -> None:
    class Sent(ParcelSent):
        """Now with a depot."""

        depot: str

    assert refused(Sent) == (
        "crm.depot.parcel.sent.v1: `depot` would be required, and there are records without it."
        " Instead, make it optional: give it a default."
    )


def test_an_optional_field_that_becomes_required_is_refused() -> None:
    class Sent(ParcelSent):
        """Now always with a note."""

        note: str

    assert "`note` would be required" in refused(Sent)


def test_a_required_field_that_goes_is_refused() -> None:
    class Sent(Event):
        """Without a customer."""

        parcel_id: UUID
        weight: Decimal
        carrier: Literal["bike", "van"]
        reason: Annotated[str, Open.to(Literal["sold", "lent"])]
        stops: tuple[str, ...] = ()
        prices: dict[Literal["net", "gross"], Decimal] = EMPTY
        insured: bool = False
        note: str | None = None
        code: str = Field(default="", max_length=10)

    assert refused(Sent) == (
        "crm.depot.parcel.sent.v1: `customer_id` is required, consumers count on it, and it would"
        " be gone. Instead, keep it required, or declare the next version of the fact and publish"
        " both for a while (`also_as`)."
    )


def test_a_required_field_that_becomes_optional_is_refused() -> None:
    class Sent(ParcelSent):
        """Perhaps without a customer."""

        customer_id: UUID | None = None  # type: ignore[assignment]

    assert "`customer_id` is required, consumers count on it, and it would be optional" in refused(
        Sent
    )


@pytest.mark.parametrize("kind", [int, float, UUID, str, bool])
def test_another_type_is_refused(kind: type) -> None:
    Sent = type("Sent", (ParcelSent,), {"__annotations__": {"weight": kind}})  # noqa: N806
    sentence = refused(Sent)
    assert sentence.startswith("crm.depot.parcel.sent.v1: `weight` was string ^-?")
    assert "add an optional field of another name" in sentence


def test_another_type_of_what_a_list_or_a_map_holds_is_refused() -> None:
    class Sent(ParcelSent):
        """Stops are numbers, and prices too."""

        stops: tuple[int, ...] = ()  # type: ignore[assignment]
        prices: dict[Literal["net", "gross"], int] = EMPTY  # type: ignore[assignment]

    places = [sentence.split("`")[1] for sentence in refusals(proposed(Sent), [FIRST])]
    assert places == ["prices{}", "stops[]"]


def test_another_limit_is_refused() -> None:
    class Sent(ParcelSent):
        """A longer code."""

        code: str = Field(default="", max_length=20)

    assert "`code` had maxLength 10 and would have 20" in refused(Sent)


def test_another_meaning_of_absence_is_refused() -> None:
    class Sent(ParcelSent):
        """Insured where nothing says so."""

        insured: bool = True

    assert "`insured` meant False where it is absent and would mean True" in refused(Sent)


def test_a_closed_set_that_is_widened_is_refused() -> None:
    class Sent(ParcelSent):
        """Also by ship."""

        carrier: Literal["bike", "van", "ship"]  # type: ignore[assignment]

    assert refused(Sent) == (
        "crm.depot.parcel.sent.v1: `carrier` is a closed set of values and would gain ship."
        " Instead, leave the set as it is, or declare the next version of the fact and publish"
        " both for a while (`also_as`) in which the field is `Open`."
    )


def test_a_closed_set_that_is_narrowed_is_refused() -> None:
    class Sent(ParcelSent):
        """By bike only."""

        carrier: Literal["bike"]  # type: ignore[assignment]

    assert "`carrier` is a closed set of values and would lose van" in refused(Sent)


def test_the_keys_of_a_map_are_a_closed_set() -> None:
    class Sent(ParcelSent):
        """Prices with tax."""

        prices: dict[Literal["net", "gross", "tax"], Decimal] = EMPTY  # type: ignore[assignment]

    assert "`prices{key}` is a closed set of values and would gain tax" in refused(Sent)


def test_a_closed_set_cannot_be_opened_nor_an_open_one_closed() -> None:
    class Opened(ParcelSent):
        """Any carrier."""

        carrier: Annotated[str, Open.to(Literal["bike", "van"])]  # type: ignore[assignment]

    class Closed(ParcelSent):
        """These reasons for ever."""

        reason: Literal["sold", "lent"]  # type: ignore[assignment]

    assert "`carrier` was closed to unknown values and would be open" in refused(Opened)
    assert "`reason` was open to unknown values and would be closed" in refused(Closed)


def test_another_key_is_refused() -> None:
    other = topic(key="customer_id")
    [sentence] = refusals(proposed(type("Sent", (ParcelSent,), {}), other), [FIRST])
    assert sentence == (
        "crm.depot.parcel.sent.v1: its key was `parcel_id` and would be `customer_id`: order and"
        " compaction hang on it. Instead, keep it, and declare a fact of a new topic."
    )


def test_a_field_that_was_once_there_cannot_come_back_as_something_else() -> None:
    class Back(ParcelSent):
        """A note that is a number."""

        note: int | None = None  # type: ignore[assignment]

    second = proposed(WithoutNote)
    assert refusals(revision_of(topic().fact("sent")(Back), TODAY, 3), [second]) == []
    assert "`note` was string and would be integer" in refused(Back, FIRST, second)


def test_a_field_that_is_gone_stays_in_the_schema_as_deprecated() -> None:
    second = {"type": "object", "properties": {"parcel_id": {"type": "string"}}}
    kept = with_reserved_fields(second, [FIRST])
    assert kept["properties"]["note"] == {
        "type": "string",
        "deprecated": True,
        "description": "No longer written.",
    }
    assert "note" not in second["properties"]
    assert with_reserved_fields(body_of(ParcelSent), [FIRST]) == body_of(ParcelSent)


def test_a_fact_that_is_declared_no_longer_is_refused() -> None:
    [sentence] = lost_facts({}, {"crm.depot.parcel.sent.v1": [FIRST]})
    assert "is no longer declared" in sentence
    assert "keep its class" in sentence
