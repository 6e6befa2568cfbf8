"""What was erased stays erased: late, twice, out of order, in one batch or in several."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from shared.contracts.contacts import CONTACT_STATE, ContactArchived, ContactState
from shared.messaging.decoding import decode
from shared.messaging.letting_fall import let_fall
from shared.messaging.reactions import Consumer

from tests.records import cause_of_test, record_of

AT = cause_of_test().at
consumer = Consumer("pipeline.test", is_projection=True)


@consumer.on_batch(ContactState, ContactArchived)
async def on_people(*_: object) -> None:
    return


@consumer.on_tombstones(CONTACT_STATE)
async def on_ended(*_: object) -> None:
    return


def outcome(number: int, version: int | None) -> object:
    """A snapshot of a person, or (without a version) the end of its key."""
    state = ContactState(contact_id=UUID(int=number), created_at=AT)
    end = {"value": None} if version is None else {}
    return decode(record_of(state, version or 9, **end), consumer)


@given(st.lists(st.tuples(st.integers(0, 2), st.none() | st.integers(1, 8)), max_size=12))
def test_nothing_of_a_key_is_left_after_its_end(told: list[tuple[int, int | None]]) -> None:
    left, ended = let_fall([outcome(*each) for each in told], set())  # type: ignore[misc]
    first_ends = {
        number: next(i for i, each in enumerate(told) if each == (number, None))
        for number, version in told
        if version is None
    }
    expected = [
        each
        for i, each in enumerate(told)
        if each[1] is None or i < first_ends.get(each[0], len(told))
    ]
    found = [(int(UUID(each.key[1])), None if each.raw.value is None else 1) for each in left]
    assert found == [(number, None if version is None else 1) for number, version in expected]
    assert ended == {(CONTACT_STATE.name, str(UUID(int=number))) for number in first_ends}


def test_what_was_erased_before_is_let_fall_and_its_tombstone_passes() -> None:
    gone = {(CONTACT_STATE.name, str(UUID(int=1)))}
    told = [outcome(1, 3), outcome(1, None), outcome(2, 3)]
    left, _ = let_fall(told, gone)  # type: ignore[arg-type]
    assert list(left) == told[1:]


def test_facts_on_event_topics_are_never_let_fall() -> None:
    fact = ContactArchived(contact_id=UUID(int=1), reason_code="request")
    told = [outcome(1, None), decode(record_of(fact, 2), consumer)]
    left, _ = let_fall(told, set())  # type: ignore[arg-type]
    assert list(left) == told
