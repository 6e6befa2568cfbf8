"""The checker finds each of the four faults, and calls nothing a fault that is none."""

from dataclasses import replace

from tests.faults.checker import Seen, check
from tests.faults.history import Command, Look, Promise

TOPIC = "crm.pipeline.deal.events.v1"


def _seen(version: int, event_id: str = "", *, is_snapshot: bool = False) -> Seen:
    fact = "crm.pipeline.deal.won.v1" if version > 1 else "crm.pipeline.deal.opened.v1"
    return Seen(TOPIC, "deal-1", version, event_id or f"event-{version}", fact, is_snapshot)


def _acknowledged(version: int | None, fact: str | None = None) -> Command:
    promise = Promise(TOPIC, "deal-1", version, fact)
    return Command("key-1", "win-deal", "pipeline", "acknowledged", promises=(promise,))


def _look(profile_version: int, shown: int | None, *, is_stale: bool = False) -> Look:
    return Look("ann", "customer-1", profile_version, ("deal-1", 2), shown, is_stale)


def _sorts(*, commands: list[Command], seen: list[Seen], looks: list[Look]) -> list[str]:
    return [fault.sort for fault in check(commands, seen, looks)]


def test_a_resync_says_a_version_again_and_nothing_else_may() -> None:
    again = Seen(TOPIC, "deal-1", 2, "other", "t", is_snapshot=True, is_resync=True)
    first = _seen(2, is_snapshot=True)
    assert not check([], [first, again], [])
    assert [f.sort for f in check([], [first, replace(again, is_resync=False)], [])] == [
        "duplicated"
    ]


def test_what_was_acknowledged_and_is_on_its_topic_is_no_fault() -> None:
    seen = [_seen(1), _seen(2)]
    assert not check([_acknowledged(2)], seen, [_look(1, 2), _look(2, 2)])


def test_an_acknowledged_version_that_is_on_no_topic_is_lost() -> None:
    [fault] = check([_acknowledged(2)], [_seen(1)], [])
    assert fault.sort == "lost"
    assert "key-1" in fault.told
    assert "deal-1" in fault.told


def test_an_acknowledged_fact_that_is_on_no_topic_is_lost() -> None:
    wanted = _acknowledged(None, "crm.pipeline.deal.won.v1")
    assert _sorts(commands=[wanted], seen=[_seen(1)], looks=[]) == ["lost"]
    assert not check([wanted], [_seen(1), _seen(2)], [])


def test_what_was_refused_or_is_unknown_promises_nothing() -> None:
    refused, unknown = _acknowledged(2), _acknowledged(3)
    refused.outcome, unknown.outcome = "refused", "unknown"
    assert not check([refused, unknown], [_seen(1)], [])


def test_one_version_under_two_ids_is_duplicated() -> None:
    [fault] = check([], [_seen(1), _seen(2, "one"), _seen(2, "two")], [])
    assert fault.sort == "duplicated"
    assert "one" in fault.told
    assert "two" in fault.told


def test_a_repeat_with_the_same_id_is_no_fault() -> None:
    assert not check([], [_seen(1), _seen(1), _seen(2)], [])


def test_a_repeat_after_newer_facts_is_no_fault() -> None:
    assert not check([], [_seen(1), _seen(2), _seen(3), _seen(1), _seen(2), _seen(3)], [])


def test_a_first_appearance_after_newer_facts_is_reordered() -> None:
    assert "reordered" in _sorts(commands=[], seen=[_seen(2), _seen(1)], looks=[])


def test_a_hole_in_the_versions_is_reordered() -> None:
    [fault] = check([], [_seen(1), _seen(3)], [])
    assert fault.sort == "reordered"
    assert "from version 1 to 3" in fault.told


def test_a_snapshot_may_skip_versions_and_not_go_back() -> None:
    first, third = _seen(1, is_snapshot=True), _seen(3, is_snapshot=True)
    assert not check([], [first, third], [])
    assert _sorts(commands=[], seen=[third, first], looks=[]) == ["reordered"]


def test_an_answer_without_what_was_asked_for_is_stale() -> None:
    assert _sorts(commands=[], seen=[], looks=[_look(1, 1)]) == ["stale"]
    assert _sorts(commands=[], seen=[], looks=[_look(1, None)]) == ["stale"]


def test_an_answer_that_says_that_it_is_stale_is_no_fault() -> None:
    assert not check([], [], [_look(1, 1, is_stale=True)])


def test_a_view_that_goes_back_for_one_reader_is_stale() -> None:
    [fault] = check([], [], [_look(5, 2), _look(4, 2)])
    assert fault.sort == "stale"
    assert "5" in fault.told


def test_two_readers_may_see_different_versions() -> None:
    other = Look("bob", "customer-1", 4, None, None, is_stale=False)
    assert not check([], [], [_look(5, 2), other])


def test_a_merge_that_is_on_no_topic_is_lost_though_another_of_its_kind_is_there() -> None:
    fact = "crm.contacts.customer.merged.v1"
    promised = Promise(TOPIC, "deal-1", None, fact, "merge-2")
    merge = Command("key-1", "merge-customers", "contacts", "acknowledged", promises=(promised,))
    first, second = (
        Seen(TOPIC, "deal-1", n, f"event-{n}", fact, merge_id=f"merge-{n}") for n in (1, 2)
    )
    assert [fault.sort for fault in check([merge], [first], [])] == ["lost"]
    assert not check([merge], [first, second], [])


def test_a_record_that_was_ever_merged_may_be_seen_elsewhere() -> None:
    looks = [_look(1, None)]
    assert [fault.sort for fault in check([], [], looks)] == ["stale"]
    assert not check([], [], looks, merged={"deal-1"})
    assert not check([], [], looks, merged={"customer-1"})
