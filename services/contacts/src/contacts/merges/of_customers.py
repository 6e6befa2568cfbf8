"""Merging and unmerging customers: the records, who is in them, and what names them here."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from uuid import UUID

from shared.aliases import end_aliases, note_aliases
from shared.cause import Cause
from shared.contracts.contacts import CustomerMerged, CustomerState, CustomerUnmerged
from shared.db import Connection
from shared.errors import Refusal

from contacts.credit.handlers import keep_manual_hold
from contacts.current import lock_named
from contacts.customers import store as customers
from contacts.customers.domain import (
    Customer,
    CustomerChange,
    CustomerNotFoundError,
    ReplaceFields,
    carry_out,
)
from contacts.customers.handlers import find_standing
from contacts.customers.lifecycle import AdoptLifecycle
from contacts.duplicates import handlers as duplicates
from contacts.duplicates.domain import CloseAsMerged
from contacts.grades.handlers import rate_anew
from contacts.history.store import find_said
from contacts.identities import store as identities
from contacts.matching.subjects import customer_traits
from contacts.merges import store
from contacts.merges.decisions import (
    CUSTOMER_FIELDS,
    CustomerPlan,
    external_ids_of,
    kept_of_customer,
    lifecycles_given_back,
    plan_customer,
    profile_given_back,
)
from contacts.merges.domain import (
    BY_POLICY,
    ApprovalIsOpenError,
    KindsDifferError,
    Merge,
    MergeRecords,
    decided,
    following,
    objections,
    require_reversible,
    told,
    told_of,
)
from contacts.merges.rows import move_rows, moved_rows_of, relationships_of, return_rows
from contacts.offboardings.store import list_open_of
from contacts.partners.handlers import move_partners, partners_objection, return_partners
from contacts.people import store as people
from contacts.people.domain import carry_out as carry_out_person
from contacts.people.members import lock_members
from contacts.people.memberships import MoveMembership, ReturnMembership
from contacts.records import MergeRecord, UnmergeRecord, is_present
from contacts.relationships.handlers import move_all, return_all


async def merge_customers(connection: Connection, cause: Cause, command: MergeRecords) -> Merge:
    """Make them one, in the running transaction, with all that names them in contacts."""
    locked = await _lock(connection, command.record_ids)
    for objection in await against(connection, command, locked):
        raise objection
    cause = following(cause, await store.find_last_into(connection, command.record_ids))
    surest = await duplicates.find_surest(connection, command.record_ids, command.case_id)
    moved = {"memberships": await _move_members(connection, cause, command)}
    links = await identities.move_links(
        connection, "customer", command.merged_ids, command.survivor_id
    )
    rows = await move_rows(connection, "customer", command.merged_ids, command.survivor_id)
    related = await move_all(
        connection, cause, command.merge_id, command.merged_ids, command.survivor_id
    )
    sells = dict.fromkeys(command.merged_ids, command.survivor_id)
    partners = await move_partners(connection, cause, sells)
    moved["partners"] = len(partners)
    moved["identities"] = len(links)
    moved["interactions"] = len(rows["interactions"])
    moved["relationships"] = len(related)
    states = states_of(locked)
    standing = await find_standing(connection, states)
    plan = plan_customer(states, command.choices, await find_said(connection, states))
    merge = decided(
        command,
        cause.at,
        tuple(each.choice for each in plan.resolved),
        moved,
        {
            **kept_of_customer(states, plan, links, standing),
            "rows": rows,
            "relationships": related,
            "partners": partners,
        },
    )
    fact = CustomerMerged(**told_of(merge, surest))
    await _save_merged(connection, cause, locked, plan, fact)
    await keep_manual_hold(connection, cause, merge.survivor_id, merge.merged_ids)
    is_graded = any(state.grading for state in states.values())
    await rate_anew(connection, cause, [merge.survivor_id], is_graded=is_graded)
    await store.insert_merge(connection, merge)
    return merge


async def against(
    connection: Connection, command: MergeRecords, records: Mapping[UUID, Customer]
) -> list[Refusal]:
    """Why these customers are not merged."""
    traits = [customer_traits(customer.state) for customer in records.values()]
    kinds = {customer.state.kind for customer in records.values()}
    differ = [KindsDifferError(kinds=sorted(kinds))] if len(kinds) > 1 else []
    both = await partners_objection(connection, command.record_ids)
    proposed = await list_open_of(connection, command.record_ids)
    waits = [ApprovalIsOpenError(proposal_ids=proposed)] if proposed else []
    return [*objections(command, records, traits, CUSTOMER_FIELDS), *differ, *both, *waits]


def states_of(records: Mapping[UUID, Customer]) -> dict[UUID, CustomerState]:
    return {customer_id: customer.state for customer_id, customer in records.items()}


async def unmerge_customers(
    connection: Connection, cause: Cause, merge: Merge, reason_code: str
) -> None:
    """Make them several again, each with what it brought; what came since stays."""
    locked = await _lock(connection, merge.record_ids)
    require_reversible(merge, states_of(locked), cause.at)
    assert merge.kept is not None
    fact = CustomerUnmerged(
        customer_id=merge.survivor_id,
        merge_id=merge.merge_id,
        restored_ids=merge.merged_ids,
        reason_code=reason_code,
        decided_by=cause.actor,
    )
    await end_aliases(connection, fact)
    standing = await find_standing(connection, merge.record_ids)
    changes = _restored(merge, locked, cause.at, standing)
    changes[0] = told(changes[0], fact)
    await customers.save_changes(connection, cause, changes)
    links = [(UUID(link), UUID(owner)) for link, owner in merge.kept["links"]]
    await identities.return_links(connection, "customer", links, merge.survivor_id)
    await _return_members(connection, cause, merge)
    await return_rows(connection, "customer", moved_rows_of(merge.kept), merge.survivor_id)
    related = relationships_of(merge.kept)
    await return_all(connection, cause, merge.merge_id, related)
    sold = {UUID(key): UUID(owner) for key, owner in merge.kept.get("partners", ())}
    await return_partners(connection, cause, sold, merge.survivor_id)
    is_graded = any(customer.state.grading for customer in locked.values())
    await rate_anew(connection, cause, merge.record_ids, is_graded=is_graded)


async def _lock(connection: Connection, record_ids: tuple[UUID, ...]) -> dict[UUID, Customer]:
    return await lock_named(
        connection,
        customers.lock_customers,
        record_ids,
        lambda customer_id: CustomerNotFoundError(customer_id=customer_id),
    )


async def _move_members(connection: Connection, cause: Cause, command: MergeRecords) -> int:
    locked = await lock_members(connection, command.merged_ids)
    moves = [MoveMembership(each, command.survivor_id, cause.at) for each in command.merged_ids]
    changes = [carry_out_person(person, *moves) for person in locked.values()]
    await people.save_changes(connection, cause, changes)
    return sum(bool(change.facts) for change in changes if is_present(change.after.state))


async def _return_members(connection: Connection, cause: Cause, merge: Merge) -> None:
    locked = await lock_members(connection, merge.merged_ids, merge.decided_at)
    returns = [
        ReturnMembership(merge.survivor_id, each, merge.decided_at, cause.at)
        for each in merge.merged_ids
    ]
    changes = [carry_out_person(person, *returns) for person in locked.values()]
    await people.save_changes(connection, cause, changes)


async def _save_merged(
    connection: Connection,
    cause: Cause,
    locked: Mapping[UUID, Customer],
    plan: CustomerPlan,
    fact: CustomerMerged,
) -> None:
    """The external ids leave the merged records before the one that stays gets them."""
    adopt = AdoptLifecycle(plan.lifecycle, cause.at, fact.merge_id)
    survivor = told(carry_out(locked[fact.customer_id], ReplaceFields(plan.profile), adopt), fact)
    leave = (ReplaceFields({"external_ids": ()}), MergeRecord(fact.merge_id, fact.customer_id))
    gone = [carry_out(locked[each], *leave) for each in fact.merged_ids]
    await customers.save_changes(connection, cause, [survivor, *gone])
    await note_aliases(connection, cause, fact)
    is_automatic = fact.decided_by == BY_POLICY
    close = CloseAsMerged(fact.customer_id, fact.decided_by, cause.at, is_automatic)
    await duplicates.close_as_merged(connection, cause, fact.merged_ids, close)
    after = customer_traits(survivor.after.state)
    await duplicates.detect(connection, cause, customers.load_traits, [after], "write")


def _restored(
    merge: Merge, locked: Mapping[UUID, Customer], at: datetime, standing: AbstractSet[UUID]
) -> list[CustomerChange]:
    """The one that stayed first."""
    assert merge.kept is not None
    states = states_of(locked)
    adopt = {
        customer_id: AdoptLifecycle(lifecycle, at, merge.merge_id, "unmerge")
        for customer_id, lifecycle in lifecycles_given_back(
            merge.kept, states, merge.decided_at, standing
        ).items()
    }
    state = states[merge.survivor_id]
    own = ReplaceFields(profile_given_back(merge.kept, state))
    changes = [carry_out(locked[merge.survivor_id], own, adopt[merge.survivor_id])]
    for customer_id, names in external_ids_of(merge.kept).items():
        still = tuple(named for named in names if named in state.external_ids)
        back = (UnmergeRecord(merge.merge_id), ReplaceFields({"external_ids": still}))
        changes.append(carry_out(locked[customer_id], *back, adopt[customer_id]))
    return changes
