"""What is done about duplicates: found for new records, opened as cases, and decided.

Whoever creates records calls from above and says how records are loaded: this folder reads no
table of theirs.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias
from uuid import UUID

from shared.cause import Cause
from shared.db import Connection, Pool, transaction, with_retries

from contacts.duplicates import store
from contacts.duplicates.domain import (
    CaseEvent,
    CaseIsOfOthersError,
    CloseAsMerged,
    Command,
    DismissCase,
    Door,
    DuplicateCase,
    DuplicateCaseNotFoundError,
    OpenCase,
    ProbableDuplicateError,
    case_id_of,
    decide,
    evolve,
)
from contacts.matching.keys import keys_of
from contacts.matching.scoring import Match, Policy, current_policy, score
from contacts.matching.subjects import Traits, entity_type_of

Pairs: TypeAlias = Mapping[tuple[UUID, UUID], int]
"""Pairs of ids, the lower first, and how many records share the key by which they were found."""

LoadTraits: TypeAlias = Callable[[Connection, Collection[UUID]], Awaitable[Sequence[Traits]]]

MOST_CANDIDATES = 10
"""Candidates that a refusal names."""


@dataclass(frozen=True, slots=True)
class Found:
    """Two records that may be one party."""

    one: Traits
    other: Traits
    match: Match


async def find_matches(
    connection: Connection,
    load: LoadTraits,
    subjects: Sequence[Traits],
    keys: Sequence[tuple[int, UUID]] | None = None,
) -> list[Found]:
    """Which known records these may be the same as, the surest first.

    Two statements, however many they are: who shares a key with them, and what those look like.
    The subjects may be stored already, or not yet; their keys may be known.
    """
    if not subjects:
        return []
    policy = current_policy()
    keys = keys or [(key, each.entity_id) for each in subjects for key in keys_of(each)]
    entity_type = entity_type_of(subjects[0])
    pairs = await store.find_candidates(connection, entity_type, keys, policy.block_size)
    known = {each.entity_id: each for each in subjects}
    strangers = {other for pair in pairs for other in pair} - known.keys()
    if strangers:
        known |= {each.entity_id: each for each in await load(connection, strangers)}
    return compare_pairs(pairs, known, policy)


def compare_pairs(pairs: Pairs, known: Mapping[UUID, Traits], policy: Policy) -> list[Found]:
    """Those of the pairs that the policy suspects, the surest first."""
    found: list[Found] = []
    for (one, other), sharing in pairs.items():
        if one in known and other in known:
            match = score(known[one], known[other], policy, sharing)
            if match.score >= policy.review:
                found.append(Found(known[one], known[other], match))
    return sorted(found, key=lambda each: (-each.match.score, each.one.entity_id))


def pairs_in(blocks: Iterable[Sequence[UUID]]) -> Pairs:
    """Each with each, inside each block; of a pair in several blocks the smallest counts."""
    ordered = sorted(blocks, key=len, reverse=True)
    return {pair: len(block) for block in ordered for pair in combinations(sorted(block), 2)}


async def check_new(
    connection: Connection, cause: Cause, load: LoadTraits, new: Traits, forced_for: str | None
) -> None:
    """Open cases of a record that was just saved and whoever it may be.

    Raises `ProbableDuplicateError` with the candidates, and so undoes the record, where the policy
    is sure; unless the caller says why it is another.
    """
    found = await find_matches(connection, load, [new])
    sure = [each for each in found if each.match.score >= current_policy().block]
    if sure and forced_for is None:
        raise ProbableDuplicateError(
            candidates=[describe(each, new.entity_id) for each in sure[:MOST_CANDIDATES]],
            policy_version=current_policy().version,
        )
    await open_cases(connection, cause, found, "write", forced_for)


def describe(found: Found, asked: UUID) -> dict[str, object]:
    """The other record by its id, the score, and the traits that speak for or against; no value."""
    other = found.other if found.one.entity_id == asked else found.one
    return {
        "entity_id": other.entity_id,
        "score": found.match.score,
        "matched_on": list(found.match.matched_on),
        "reasons": [
            {"trait": trait, "level": level, "bits": round(bits, 2)}
            for trait, level, bits in found.match.reasons
        ],
    }


async def open_cases(
    connection: Connection,
    cause: Cause,
    found: Iterable[Found],
    found_by: Door,
    forced_for: str | None = None,
) -> int:
    """Open a case of each pair that has none yet, by a constant number of calls; how many."""
    opened: list[tuple[DuplicateCase, Sequence[CaseEvent]]] = []
    for each in found:
        events = decide(None, _opening(cause, each, found_by, forced_for))
        opened.append((evolve(None, events[0]), events))
    return await store.insert_cases(connection, cause, opened)


def _opening(cause: Cause, found: Found, found_by: Door, forced_for: str | None) -> OpenCase:
    """Who was known first would stay."""
    first, second = sorted((found.one, found.other), key=lambda each: each.entity_id)
    older = min((first, second), key=lambda each: each.known_since)
    return OpenCase(
        entity_type=entity_type_of(first),
        candidate_ids=(first.entity_id, second.entity_id),
        score=found.match.score,
        matched_on=found.match.matched_on,
        suggested_survivor_id=older.entity_id,
        policy_version=current_policy().version,
        found_by=found_by,
        at=cause.at,
        forced_for=forced_for,
    )


async def detect(
    connection: Connection,
    cause: Cause,
    load: LoadTraits,
    subjects: Sequence[Traits],
    found_by: Door,
    keys: Sequence[tuple[int, UUID]] | None = None,
) -> int:
    """Open cases for records that were just saved; for doors that refuse nobody."""
    found = await find_matches(connection, load, subjects, keys)
    return await open_cases(connection, cause, found, found_by)


async def put_up(
    connection: Connection,
    cause: Cause,
    load: LoadTraits,
    pairs: Sequence[tuple[Traits, UUID]],
    found_by: Door,
) -> int:
    """Open cases of pairs that somebody else suspects, however alike the policy finds them."""
    if not pairs:
        return 0
    known = await load(connection, {other for _, other in pairs})
    others = {each.entity_id: each for each in known}
    found = [
        Found(one, others[other], score(one, others[other], current_policy()))
        for one, other in pairs
        if other in others
    ]
    return await open_cases(connection, cause, found, found_by)


async def dismiss_case(pool: Pool, cause: Cause, case_id: UUID, reason_code: str) -> DuplicateCase:
    """The two are two: the pair is never suspected again."""

    async def attempt() -> DuplicateCase:
        async with transaction(pool) as connection:
            locked = await store.lock_cases(connection, [case_id])
            command = DismissCase(reason_code, cause.actor, cause.at)
            return await _carry_out(connection, cause, locked.get(case_id), command)

    return await with_retries(attempt)


async def find_surest(
    connection: Connection, record_ids: Sequence[UUID], case_id: UUID | None
) -> DuplicateCase | None:
    """Of the cases between the first record and the others, and of the named one, the surest."""
    survivor_id, *others = record_ids
    wanted = {case_id_of(survivor_id, each) for each in others}
    if case_id is not None:
        wanted.add(case_id)
    cases = await store.lock_cases(connection, wanted)
    if case_id is not None:
        if case_id not in cases:
            raise DuplicateCaseNotFoundError(case_id=case_id)
        if not set(cases[case_id].candidate_ids) <= set(record_ids):
            raise CaseIsOfOthersError(case_id=case_id)
    return max(cases.values(), key=lambda case: case.score, default=None)


async def close_as_merged(
    connection: Connection,
    cause: Cause,
    merged_ids: Collection[UUID],
    command: CloseAsMerged,
) -> None:
    """Close the cases of the survivor with each merged record, in the merge's transaction."""
    case_ids = {case_id_of(command.survivor_id, merged) for merged in merged_ids}
    for case in (await store.lock_cases(connection, case_ids)).values():
        await _carry_out(connection, cause, case, command)


async def _carry_out(
    connection: Connection, cause: Cause, case: DuplicateCase | None, command: Command
) -> DuplicateCase:
    events = decide(case, command)
    for event in events:
        case = evolve(case, event)
    assert case is not None
    await store.save_case(connection, cause, case, events)
    return case
