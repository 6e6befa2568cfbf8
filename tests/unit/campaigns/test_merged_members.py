"""Lists of people when some of them are merged, and parted again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from campaigns.segments.decisions import Key, MemberMove, moved
from campaigns.segments.domain import Member, PlaceMember, placed
from hypothesis import given
from hypothesis import strategies as st
from shared.contracts.campaigns import SegmentMemberEntered

AT = datetime(2026, 11, 25, 9, tzinfo=UTC)
LAST = AT + timedelta(days=2)
LIST = UUID(int=9)
ONE, TWO, THREE, FOUR = (UUID(int=number) for number in (1, 2, 3, 4))


def members(*contact_ids: UUID) -> dict[Key, Member]:
    put = PlaceMember(is_in=True, at=AT)
    return {(LIST, each): placed(Member(LIST, each), put)[0] for each in contact_ids}


def move(
    known: dict[Key, Member], of: UUID, from_id: UUID, to_id: UUID
) -> list[tuple[UUID, bool, datetime]]:
    """One move: who enters, or exits, and when."""
    changed = moved(known, [MemberMove((LIST, of), from_id, to_id)], LAST)
    known.update({(member.segment_id, member.contact_id): member for member, _ in changed})
    return [
        (event.contact_id, True, event.entered_at)
        if isinstance(event, SegmentMemberEntered)
        else (event.contact_id, False, event.exited_at)
        for _, events in changed
        for event in events
    ]


def listed(known: dict[Key, Member]) -> set[UUID]:
    return {member.contact_id for member in known.values() if member.is_in}


def test_whoever_stays_is_in_for_the_other_and_they_come_back() -> None:
    known = members(TWO)
    assert move(known, TWO, TWO, ONE) == [(TWO, False, LAST), (ONE, True, LAST)]
    assert (known[LIST, TWO].stands_by, known[LIST, ONE].by_merge) == (ONE, True)
    assert move(known, TWO, ONE, TWO) == [(TWO, True, LAST), (ONE, False, LAST)]
    assert listed(known) == {TWO}
    assert known[LIST, TWO].stands_by is None


def test_whoever_was_in_themselves_stays_once_and_for_ever() -> None:
    known = members(ONE, TWO)
    assert move(known, TWO, TWO, ONE) == [(TWO, False, LAST)]
    assert move(known, TWO, ONE, TWO) == [(TWO, True, LAST)]
    assert listed(known) == {ONE, TWO}


def test_whoever_stands_for_several_leaves_with_the_last_of_them() -> None:
    known = members(TWO, THREE)
    move(known, TWO, TWO, ONE)
    assert move(known, THREE, THREE, ONE) == [(THREE, False, LAST)]
    assert move(known, TWO, ONE, TWO) == [(TWO, True, LAST)]
    assert move(known, THREE, ONE, THREE)[1:] == [(ONE, False, LAST)]


def test_whoever_is_merged_on_takes_along_whom_they_stand_for() -> None:
    known = members(TWO)
    move(known, TWO, TWO, ONE)
    assert move(known, TWO, ONE, FOUR) == [(ONE, False, LAST), (FOUR, True, LAST)]
    assert move(known, TWO, FOUR, ONE) == [(FOUR, False, LAST), (ONE, True, LAST)]


def test_a_membership_that_is_elsewhere_stays_and_a_repeat_is_quiet() -> None:
    known = members(TWO)
    assert move(known, TWO, ONE, FOUR) == []
    move(known, TWO, TWO, ONE)
    assert move(known, TWO, TWO, ONE) == []
    assert move(known, THREE, THREE, ONE) == []


def test_whoever_is_put_in_again_is_in_as_themselves() -> None:
    known = members(TWO)
    move(known, TWO, TWO, ONE)
    own, events = placed(known[LIST, ONE], PlaceMember(is_in=True, at=LAST))
    assert (events, own.is_own) == ([], True)
    known[LIST, ONE] = own
    assert move(known, TWO, ONE, TWO) == [(TWO, True, LAST)]
    assert listed(known) == {ONE, TWO}


def test_whoever_was_taken_out_takes_along_whom_they_stood_for() -> None:
    known = members(TWO)
    move(known, TWO, TWO, ONE)
    known[LIST, ONE] = placed(known[LIST, ONE], PlaceMember(is_in=False, at=LAST))[0]
    known[LIST, TWO] = replace(known[LIST, TWO], stands_by=None)
    assert move(known, TWO, ONE, TWO) == []
    assert listed(known) == set()


@given(
    order=st.lists(st.sampled_from([TWO, THREE, FOUR]), min_size=1, unique=True),
    one_is_in=st.booleans(),
)
def test_in_whatever_order_they_go_back_each_list_is_as_before(
    *, order: Sequence[UUID], one_is_in: bool
) -> None:
    known = members(*([ONE] if one_is_in else []), TWO, THREE, FOUR)
    before = {key: m.is_in for key, m in known.items()}
    for each in (TWO, THREE, FOUR):
        move(known, each, each, ONE)
    assert listed(known) == {ONE}
    for each in [*order, *({TWO, THREE, FOUR} - set(order))]:
        move(known, each, ONE, each)
    now = {key: m.is_in for key, m in known.items() if key in before}
    assert now == before
    assert (ONE in listed(known)) is one_is_in
