"""From which record each field has its value after a merge, and what its undoing gives back."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias, TypeVar
from uuid import UUID

from pydantic import TypeAdapter
from shared.contracts.contacts import (
    Acquisition,
    CustomerState,
    ExternalId,
    FieldChoice,
    Lifecycle,
    MergeStrategy,
)

from contacts.customers.domain import joined
from contacts.customers.lifecycle import furthest


class State(Protocol):
    """A snapshot that says since when its record is known."""

    @property
    def created_at(self) -> datetime: ...


StateT = TypeVar("StateT", bound=State)
Records: TypeAlias = Mapping[UUID, StateT]
"""The record that stays first."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The value that a field will have, whose it is, and why."""

    field: str
    from_id: UUID
    strategy: MergeStrategy
    value: Any

    @property
    def choice(self) -> FieldChoice:
        """What may be told of it on a topic of facts."""
        return FieldChoice(field=self.field, from_id=self.from_id, strategy=self.strategy)


Said: TypeAlias = Mapping[UUID, Mapping[str, datetime]]
"""When each field of a record was changed last; one that never was is as old as the record."""


def resolve(
    names: Iterable[str],
    records: Records[StateT],
    chosen: Mapping[str, UUID],
    said: Said,
    said_as: Mapping[str, str] = MappingProxyType({}),
) -> list[Resolved]:
    """What was chosen, else what was said last of those that say anything.

    Where the staying record says the same it is its own. Of a field that nobody has nothing is
    said. `said_as` has the name by which the history knows a field, where that is another.
    """
    resolved: list[Resolved] = []
    for name in names:
        values = {each: getattr(state, name) for each, state in records.items()}
        chosen_id = chosen.get(name)
        if chosen_id is not None and chosen_id in values:
            resolved.append(Resolved(name, chosen_id, "chosen", values[chosen_id]))
        elif having := {each: value for each, value in values.items() if value is not None}:
            known_as = said_as.get(name, name)
            last = max(having, key=lambda each: said[each].get(known_as, records[each].created_at))
            resolved.append(_said_last(name, having, last, next(iter(records))))
    return resolved


def _said_last(name: str, having: Mapping[UUID, Any], last: UUID, survivor_id: UUID) -> Resolved:
    value = having[last]
    if having.get(survivor_id) == value:
        return Resolved(name, survivor_id, "kept", value)
    is_all = all(each == value for each in having.values())
    return Resolved(name, last, "present" if is_all else "recent", value)


def changed_by(resolved: Iterable[Resolved], survivor: State) -> dict[str, tuple[Any, Any]]:
    """Before and after of the fields that the merge changes."""
    return {
        each.field: (getattr(survivor, each.field), each.value)
        for each in resolved
        if getattr(survivor, each.field) != each.value
    }


def given_back(changed: Mapping[str, Sequence[Any]], survivor: State) -> dict[str, Any]:
    """The earlier values of fields that nobody has changed since the merge did."""
    return {
        name: before
        for name, (before, after) in changed.items()
        if getattr(survivor, name) == after
    }


CUSTOMER_FIELDS = (
    "display_name", "legal_name", "tax_id", "registration_no", "territory_code", "region",
    "industry", "size_band", "language", "currency", "timezone", "website", "annual_revenue",
    "team_id", "acquisition", "custom",
)  # fmt: skip
"""Owner, lifecycle, source, external ids, tags and domains follow rules of their own."""

_NOT_JSON: Mapping[str, TypeAdapter[Any]] = {
    "annual_revenue": TypeAdapter(Decimal | None),
    "acquisition": TypeAdapter(Acquisition | None),
}


@dataclass(frozen=True, slots=True)
class CustomerPlan:
    """What a merge makes of the customer that stays."""

    resolved: Sequence[Resolved]
    changed: Mapping[str, tuple[Any, Any]]
    external_ids: tuple[ExternalId, ...]
    tags: tuple[str, ...]
    domains: tuple[str, ...]
    lifecycle: Lifecycle

    @property
    def profile(self) -> dict[str, Any]:
        """Every value that it will have."""
        values = {name: after for name, (_, after) in self.changed.items()}
        united = {"external_ids": self.external_ids, "tags": self.tags, "domains": self.domains}
        return {**values, **united}


def plan_customer(
    records: Mapping[UUID, CustomerState], chosen: Mapping[str, UUID], said: Said
) -> CustomerPlan:
    """Fields by `resolve`; external ids and tags united; the lifecycle that has come furthest."""
    survivor, *_ = states = list(records.values())
    resolved = _in_currency_of_revenue(
        resolve(CUSTOMER_FIELDS, records, chosen, said), records, chosen
    )
    return CustomerPlan(
        resolved,
        changed_by(resolved, survivor),
        joined((), (named for state in states for named in state.external_ids)),
        tuple(dict.fromkeys(tag for state in states for tag in state.tags)),
        tuple(dict.fromkeys(domain for state in states for domain in state.domains)),
        furthest(state.lifecycle for state in states),
    )


def _in_currency_of_revenue(
    resolved: Sequence[Resolved], records: Records[CustomerState], chosen: Mapping[str, UUID]
) -> Sequence[Resolved]:
    """The revenue is in the customer's currency: that of the record whose revenue stays."""
    if "currency" in chosen:
        return resolved
    revenue = next((each for each in resolved if each.field == "annual_revenue"), None)
    currency = records[revenue.from_id].currency if revenue else None
    if revenue is None or currency is None:
        return resolved
    told = replace(revenue, field="currency", value=currency)
    return [told if each.field == "currency" else each for each in resolved]


def kept_of_customer(
    records: Mapping[UUID, CustomerState],
    plan: CustomerPlan,
    links: Sequence[tuple[UUID, UUID]],
    standing: Collection[UUID],
) -> dict[str, Any]:
    """What it takes to undo the merge: earlier values, and what came from whom.

    `standing` are those who were customers by a won deal or an order.
    """
    survivor, *others = records.values()
    return {
        "changed": plan.changed,
        "tags": [tag for tag in plan.tags if tag not in survivor.tags],
        "domains": [each for each in plan.domains if each not in survivor.domains],
        "external_ids": {str(each.customer_id): each.external_ids for each in others},
        "lifecycle": [survivor.lifecycle, plan.lifecycle],
        "links": links,
        "standing": sorted(map(str, standing)),
    }


def profile_given_back(kept: Mapping[str, Any], survivor: CustomerState) -> dict[str, Any]:
    """Earlier values where nobody changed them since; without the names and tags that came."""
    gone = [named for theirs in external_ids_of(kept).values() for named in theirs]
    changed = {
        name: [_value(name, each) for each in pair] for name, pair in kept["changed"].items()
    }
    return {
        **given_back(changed, survivor),
        "external_ids": tuple(each for each in survivor.external_ids if each not in gone),
        "tags": tuple(tag for tag in survivor.tags if tag not in kept["tags"]),
        "domains": tuple(each for each in survivor.domains if each not in kept.get("domains", ())),
    }


def _value(name: str, value: Any) -> Any:
    """As the record has it, of what was kept as JSON."""
    return _NOT_JSON[name].validate_python(value) if name in _NOT_JSON else value


def external_ids_of(kept: Mapping[str, Any]) -> dict[UUID, tuple[ExternalId, ...]]:
    """What each of the merged customers was called elsewhere."""
    return {
        UUID(customer_id): tuple(ExternalId(**named) for named in names)
        for customer_id, names in kept["external_ids"].items()
    }


def lifecycles_given_back(
    kept: Mapping[str, Any],
    records: Mapping[UUID, CustomerState],
    merged_at: datetime,
    standing: AbstractSet[UUID],
) -> dict[UUID, Lifecycle]:
    """Where each stands again; the one that stayed comes first.

    That one where it stood, unless it has moved since; the others where they stood. What was won,
    ordered or taken back meanwhile under the name of one counts for that one alone: `standing` are
    the customers by a deal or an order as they are now.
    """
    survivor_id, *merged_ids = records
    survivor = records[survivor_id]
    own: Lifecycle
    if _has_moved(kept, survivor, merged_at):
        is_theirs = survivor_id not in standing and not standing.isdisjoint(merged_ids)
        own = survivor.lifecycle
        own = "prospect" if is_theirs and own == "customer" else own
    else:
        before, _ = kept["lifecycle"]
        own = _parted(kept, survivor.model_copy(update={"lifecycle": before}), standing)
    return {
        survivor_id: own,
        **{each: _parted(kept, records[each], standing) for each in merged_ids},
    }


def _has_moved(kept: Mapping[str, Any], survivor: CustomerState, merged_at: datetime) -> bool:
    """Whether it stands elsewhere, or there again, since the merge put it or left it there."""
    before, after = kept["lifecycle"]
    since = survivor.lifecycle_since
    is_since = since > merged_at if before == after else since != merged_at
    return survivor.lifecycle != after or is_since


def _parted(
    kept: Mapping[str, Any], state: CustomerState, standing: AbstractSet[UUID]
) -> Lifecycle:
    """Of a merge that did not keep who was a customer by what, nothing is concluded."""
    stands = state.customer_id in standing
    stood = str(state.customer_id) in kept["standing"] if "standing" in kept else stands
    if stands and not stood and state.lifecycle == "prospect":
        return "customer"
    if stood and not stands and state.lifecycle == "customer":
        return "prospect"
    return state.lifecycle
