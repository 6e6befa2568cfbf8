"""What a merge makes of the person that stays, and what its undoing gives back to each.

Every way to reach them is kept, once; parts in customers are united. What a merged person brought
goes back as it is by then: an address that was found invalid meanwhile is invalid with them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, TypeVar, get_args
from uuid import UUID

from pydantic import TypeAdapter
from shared.contracts.contacts import (
    ContactPoint,
    ContactState,
    KeyDate,
    KeyDateKind,
    Membership,
    PostalPoint,
)

from contacts.merges.decisions import Resolved, Said, changed_by, given_back, resolve
from contacts.people.points import point_id_of
from contacts.postal_points import postal_point_id

PROFILE = (
    "given_name", "family_name", "salutation", "job_title", "department", "language", "timezone",
)  # fmt: skip
DATES: tuple[str, ...] = get_args(KeyDateKind)
PERSON_FIELDS = (*PROFILE, *DATES)
"""A key date is a field of its own, named by its kind."""

Key: TypeAlias = tuple[Any, ...]
PartT = TypeVar("PartT", ContactPoint, PostalPoint, Membership)
_POINTS = TypeAdapter(tuple[ContactPoint, ...])
_VERIFIED = TypeAdapter(dict[UUID, dict[str, datetime]])
_POSTAL = TypeAdapter(tuple[PostalPoint, ...])
_MEMBERSHIPS = TypeAdapter(tuple[Membership, ...])


@dataclass(frozen=True, slots=True)
class Fields:
    """The values of a person of which one stays."""

    created_at: datetime
    given_name: str | None
    family_name: str | None
    salutation: str | None
    job_title: str | None
    department: str | None
    language: str | None
    timezone: str | None
    birthday: KeyDate | None = None
    anniversary: KeyDate | None = None
    other: KeyDate | None = None

    @classmethod
    def of(cls, state: ContactState) -> "Fields":
        values: dict[str, Any] = {name: getattr(state, name) for name in ("created_at", *PROFILE)}
        values |= {date.kind: date for date in state.key_dates if date.kind in DATES}
        return cls(**values)


@dataclass(frozen=True, slots=True)
class PersonPlan:
    """What a merge makes of the person who stays."""

    resolved: Sequence[Resolved]
    changed: Mapping[str, tuple[Any, Any]]
    profile: Mapping[str, Any]


def plan_person(
    records: Mapping[UUID, ContactState], chosen: Mapping[str, UUID], said: Said
) -> PersonPlan:
    """Fields by `resolve`; points, addresses and parts in customers united."""
    survivor, *others = records.values()
    others.sort(key=lambda each: each.created_at, reverse=True)
    fields = {contact_id: Fields.of(state) for contact_id, state in records.items()}
    resolved = resolve(PERSON_FIELDS, fields, chosen, said, dict.fromkeys(DATES, "key_dates"))
    changed = changed_by(resolved, fields[survivor.contact_id])
    profile = {
        **_with_dates(survivor, {name: after for name, (_, after) in changed.items()}),
        "points": _points(survivor, others),
        "postal_points": _postal_points(survivor, others),
        "memberships": _memberships(survivor, others),
    }
    return PersonPlan(resolved, changed, profile)


def _with_dates(survivor: ContactState, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of fields as those of a snapshot."""
    dates: dict[str, KeyDate | None] = {date.kind: date for date in survivor.key_dates}
    dates |= {name: values[name] for name in DATES if name in values}
    known = sorted((date for date in dates.values() if date), key=lambda date: date.kind)
    profile = {name: value for name, value in values.items() if name in PROFILE}
    return {**profile, "key_dates": tuple(known)}


def _points(survivor: ContactState, others: Iterable[ContactState]) -> tuple[ContactPoint, ...]:
    found = {point_key(point): point for point in survivor.points}
    primary = {point.type for point in survivor.points if point.is_primary}
    for point in (point for state in others for point in state.points):
        own = found.get(point_key(point))
        if own is not None:
            verified = {"verified_at": own.verified_at or point.verified_at}
            found[point_key(point)] = own.model_copy(update=verified)
        else:
            is_primary = point.is_primary and point.type not in primary
            new_id = point_id_of(survivor.contact_id, point)
            copy = point.model_copy(update={"point_id": new_id, "is_primary": is_primary})
            found[point_key(point)] = copy
            primary |= {point.type} if is_primary else set()
    return _in_order(found.values())


def _postal_points(
    survivor: ContactState, others: Iterable[ContactState]
) -> tuple[PostalPoint, ...]:
    found = {postal_key(point): point for point in survivor.postal_points}
    for point in (point for state in others for point in state.postal_points):
        if postal_key(point) not in found:
            has_primary = any(each.is_primary for each in found.values())
            copy = {
                "point_id": postal_point_id(survivor.contact_id, point.normalized),
                "is_primary": point.is_primary and not has_primary,
            }
            found[postal_key(point)] = point.model_copy(update=copy)
    return _in_order(found.values())


def _memberships(survivor: ContactState, others: Iterable[ContactState]) -> tuple[Membership, ...]:
    """One live part in each customer: the survivor's, in the role of another where it has none."""
    found = {membership_key(part): part for part in survivor.memberships}
    for part in (part for state in others for part in state.memberships):
        live = {each.customer_id: key for key, each in found.items() if each.until is None}
        has_primary = any(found[key].is_primary for key in live.values())
        if part.until is None and part.customer_id in live:
            own = found[live[part.customer_id]]
            role = {"role": own.role or part.role}
            found[live[part.customer_id]] = own.model_copy(update=role)
        elif membership_key(part) not in found:
            is_primary = part.is_primary and not (has_primary and part.until is None)
            found[membership_key(part)] = part.model_copy(update={"is_primary": is_primary})
    return _in_time(found.values())


def kept_of_person(
    survivor: ContactState, plan: PersonPlan, merged: Iterable[ContactState]
) -> dict[str, Any]:
    """What it takes to undo the merge: earlier values, and what the person had before and after."""
    parts = ("points", "postal_points", "memberships")
    return {
        "changed": plan.changed,
        "verified": {
            state.contact_id: {
                each.normalized: each.verified_at for each in state.points if each.verified_at
            }
            for state in merged
        },
        "before": {name: getattr(survivor, name) for name in parts},
        "made": {name: plan.profile[name] for name in parts},
    }


def survivor_given_back(
    kept: Mapping[str, Any], survivor: ContactState, merged: Sequence[ContactState]
) -> dict[str, Any]:
    """The person who stayed without what came by the merge; what came since stays."""
    changed = {
        name: [_value(name, each) for each in pair] for name, pair in kept["changed"].items()
    }
    values = given_back(changed, Fields.of(survivor))
    return {
        **_with_dates(survivor, values),
        "points": _in_order(_verified_no_more(kept, survivor, merged)),
        "postal_points": _in_order(
            _without(kept, "postal_points", _POSTAL, postal_key, survivor, merged)
        ),
        "memberships": _in_time(
            _without(kept, "memberships", _MEMBERSHIPS, membership_key, survivor, merged)
        ),
    }


def merged_given_back(
    kept: Mapping[str, Any], survivor: ContactState, merged: ContactState
) -> dict[str, Any]:
    """A person who was merged with what they brought, as it is by now."""
    points = _verified_again(kept, survivor, merged)
    postal = _as_by_now(kept, "postal_points", _POSTAL, postal_key, survivor, merged)
    parts = _as_by_now(kept, "memberships", _MEMBERSHIPS, membership_key, survivor, merged)
    return {"points": points, "postal_points": postal, "memberships": parts}


def _verified_no_more(
    kept: Mapping[str, Any], survivor: ContactState, merged: Sequence[ContactState]
) -> list[ContactPoint]:
    """The survivor's points; one that was verified by the merge alone is so no longer."""
    before = {point_key(each): each for each in _POINTS.validate_python(kept["before"]["points"])}
    theirs = {name for of_one in _verified(kept).values() for name in of_one}
    points = _without(kept, "points", _POINTS, point_key, survivor, merged)
    return [
        point.model_copy(update={"verified_at": None})
        if point.normalized in theirs
        and (own := before.get(point_key(point))) is not None
        and own.verified_at is None
        else point
        for point in points
    ]


def _verified_again(
    kept: Mapping[str, Any], survivor: ContactState, merged: ContactState
) -> tuple[ContactPoint, ...]:
    """A merged person's points; what they had verified is so again, if it still is."""
    verified = _verified(kept).get(merged.contact_id, {})
    still = {point_key(point) for point in survivor.points if point.verified_at}
    return tuple(
        point.model_copy(update={"verified_at": verified[point.normalized]})
        if point.normalized in verified and point_key(point) in still
        else point
        for point in _as_by_now(kept, "points", _POINTS, point_key, survivor, merged)
    )


def _verified(kept: Mapping[str, Any]) -> dict[UUID, dict[str, datetime]]:
    return _VERIFIED.validate_python(kept["verified"])


def _value(name: str, value: Any) -> Any:
    return KeyDate(**value) if name in DATES and value is not None else value


def _without(
    kept: Mapping[str, Any],
    name: str,
    adapter: TypeAdapter[tuple[PartT, ...]],
    key: Callable[[PartT], Key],
    survivor: ContactState,
    merged: Sequence[ContactState],
) -> list[PartT]:
    before = {key(part): part for part in adapter.validate_python(kept["before"][name])}
    made = {key(part): part for part in adapter.validate_python(kept["made"][name])}
    theirs: set[Key] = {key(part) for state in merged for part in getattr(state, name)}
    now: list[PartT] = list(getattr(survivor, name))
    return [
        before[key(part)] if part == made.get(key(part)) and key(part) in before else part
        for part in now
        if key(part) in before or key(part) not in theirs
    ]


def _as_by_now(
    kept: Mapping[str, Any],
    name: str,
    adapter: TypeAdapter[tuple[PartT, ...]],
    key: Callable[[PartT], Key],
    survivor: ContactState,
    merged: ContactState,
) -> tuple[PartT, ...]:
    before = {key(part) for part in adapter.validate_python(kept["before"][name])}
    made = {key(part): part for part in adapter.validate_python(kept["made"][name])}
    now: dict[Key, PartT] = {key(part): part for part in getattr(survivor, name)}
    parts: Sequence[PartT] = getattr(merged, name)
    return tuple(
        _changed_like(part, made[key(part)], now[key(part)])
        if key(part) in made and key(part) in now and key(part) not in before
        else part
        for part in parts
    )


def _changed_like(part: PartT, made: PartT, now: PartT) -> PartT:
    """What became of the copy becomes of what it was copied from."""
    differing = {name: value for name, value in dict(now).items() if getattr(made, name) != value}
    return part.model_copy(update=differing)


def point_key(point: ContactPoint) -> Key:
    return point.type, point.normalized


def postal_key(point: PostalPoint) -> Key:
    return (point.normalized,)


def membership_key(part: Membership) -> Key:
    return part.customer_id, part.since


PointT = TypeVar("PointT", ContactPoint, PostalPoint)


def _in_order(points: Iterable[PointT]) -> tuple[PointT, ...]:
    """In the order in which the store reads them."""
    return tuple(sorted(points, key=lambda each: (each.normalized, each.point_id)))


def _in_time(parts: Iterable[Membership]) -> tuple[Membership, ...]:
    return tuple(sorted(parts, key=lambda each: (each.since, each.customer_id)))
