"""Duplicate cases, scans and identities: what each command decides."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID

import pytest
from contacts.duplicates.domain import (
    CloseAsMerged,
    DismissCase,
    DuplicateCase,
    DuplicateCaseIsClosedError,
    DuplicateCaseNotFoundError,
    OpenCase,
    SurvivorIsNoCandidateError,
    case_id_of,
    decide,
    evolve,
)
from contacts.duplicates.handlers import pairs_in
from contacts.identities import domain as identities
from contacts.identities.domain import LinkIdentity, UnlinkIdentity
from contacts.scans.domain import (
    Scan,
    SliceDone,
    begin_comparing,
    compare_slice,
    key_page,
    range_of,
)

ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)
AT, LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
OPEN = OpenCase("contact", (TWO, ONE), 0.97, ("phone",), ONE, 1, "scan", AT)
DISMISS = DismissCase("twins", "user:anna", LATER)
MERGED = CloseAsMerged(ONE, "user:anna", LATER)


def opened() -> DuplicateCase:
    return evolve(None, decide(None, OPEN)[0])


def test_a_suspicion_opens_one_case_of_the_pair() -> None:
    case = opened()
    assert (case.candidate_ids, case.status, case.version) == ((ONE, TWO), "open", 1)
    assert case.case_id == case_id_of(ONE, TWO) == case_id_of(TWO, ONE)
    assert decide(case, OPEN) == []


def test_a_dismissed_pair_is_never_suspected_again() -> None:
    [fact] = decide(opened(), DISMISS)
    case = evolve(opened(), fact)
    assert (case.status, case.reason_code, case.version) == ("dismissed", "twins", 2)
    assert decide(case, OPEN) == []
    assert decide(case, DISMISS) == []


def test_merging_closes_the_case_once() -> None:
    [fact] = decide(opened(), MERGED)
    case = evolve(opened(), fact)
    assert (case.status, case.survivor_id) == ("merged", ONE)
    assert decide(case, MERGED) == []
    [automatic] = decide(opened(), replace(MERGED, is_automatic=True))
    assert evolve(opened(), automatic).status == "auto-merged"


def test_who_merges_a_dismissed_pair_knows_better() -> None:
    dismissed = evolve(opened(), decide(opened(), DISMISS)[0])
    assert evolve(dismissed, decide(dismissed, MERGED)[0]).status == "merged"


def test_a_merged_case_cannot_be_dismissed() -> None:
    merged = evolve(opened(), decide(opened(), MERGED)[0])
    with pytest.raises(DuplicateCaseIsClosedError):
        decide(merged, DISMISS)


def test_the_survivor_is_one_of_the_two() -> None:
    with pytest.raises(SurvivorIsNoCandidateError):
        decide(opened(), replace(MERGED, survivor_id=THREE))


def test_what_is_no_case_cannot_be_decided() -> None:
    with pytest.raises(DuplicateCaseNotFoundError):
        decide(None, DISMISS)


def test_a_pair_counts_by_the_smallest_block_it_is_in() -> None:
    assert pairs_in([[ONE, TWO], [THREE, TWO, ONE]]) == {
        (ONE, TWO): 2,
        (ONE, THREE): 3,
        (TWO, THREE): 3,
    }


SCAN = Scan(THREE, "contact", "keying", "user:anna", "c", "t", AT)


def test_slices_cover_every_key_once() -> None:
    scan = begin_comparing(key_page(SCAN, ONE, 10), 30_000)
    ranges = [range_of(replace(scan, slices_done=n)) for n in range(scan.slices_total)]
    assert scan.records_keyed == 10
    assert len(ranges) > 1
    assert ranges[0][0] == -(1 << 63)
    assert ranges[-1][1] == (1 << 63) - 1
    assert all(before[1] + 1 == after[0] for before, after in pairwise(ranges))


def test_the_last_slice_completes_the_scan() -> None:
    scan = replace(begin_comparing(SCAN, 0), slices_total=2)
    first = compare_slice(scan, SliceDone(3, 1, 4, 2), LATER)
    assert (first.status, first.duration_ms, first.slices_done) == ("comparing", None, 1)
    last = compare_slice(first, SliceDone(1, 0, 1, 0), LATER)
    assert (last.status, last.pairs_compared, last.cases_opened) == ("completed", 5, 2)
    assert last.duration_ms == (LATER - AT).total_seconds() * 1000


LINK = LinkIdentity("loyalty_no", "hash", ONE, None, "club")


def linked() -> identities.Link:
    return identities.evolve(None, identities.decide(None, LINK)[0], AT)


def test_an_identifier_is_linked_once() -> None:
    assert linked().version == 1
    assert identities.decide(linked(), LINK) == []


def test_an_identifier_of_one_alone_that_another_claims_is_a_conflict() -> None:
    claim = replace(LINK, contact_id=TWO)
    [fact] = identities.decide(linked(), claim)
    link = identities.evolve(linked(), fact, AT)
    assert link.claimed_for == (TWO,)
    assert link.linked.contact_id == ONE
    assert identities.decide(link, claim) == []
    [third] = identities.decide(link, replace(LINK, contact_id=THREE))
    assert identities.evolve(link, third, AT).claimed_for == (TWO, THREE)


def test_a_device_that_two_share_is_no_conflict() -> None:
    device = replace(LINK, identifier_type="device_id")
    link = identities.evolve(None, identities.decide(None, device)[0], AT)
    assert identities.decide(link, replace(device, contact_id=TWO)) == []


def test_what_was_unlinked_can_be_anothers() -> None:
    [fact] = identities.decide(linked(), UnlinkIdentity(ONE, "wrong-person"))
    link = identities.evolve(linked(), fact, AT)
    assert (link.is_active, link.version) == (False, 2)
    assert identities.decide(link, UnlinkIdentity(ONE, "wrong-person")) == []
    again = identities.evolve(link, identities.decide(link, replace(LINK, contact_id=TWO))[0], AT)
    assert (again.linked.contact_id, again.is_active, again.version) == (TWO, True, 3)


def test_only_their_own_identity_can_be_unlinked() -> None:
    for link in (None, linked()):
        with pytest.raises(identities.IdentityLinkNotFoundError):
            identities.decide(link, UnlinkIdentity(TWO, "error"))
