"""Service levels: targets per priority and metric; tickets keep the version they came under."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, get_args
from uuid import UUID

from shared.contracts.service_desk import ClockMetric, Priority, SlaPolicyPublished
from shared.errors import ConflictError, InvalidError, NotFoundError
from shared.ids import derived_id

DEFAULT_POLICY_ID = derived_id("sla-policy", "default")
PRIORITIES: tuple[Priority, ...] = get_args(Priority)
METRICS: tuple[ClockMetric, ...] = get_args(ClockMetric)

Targets: TypeAlias = Mapping[Priority, Mapping[ClockMetric, int]]


class PolicyNotFoundError(NotFoundError):
    """There is no such service level."""


class PolicyExistsError(ConflictError):
    """Another service level has this id; publish a version of it instead."""


class TargetMissingError(InvalidError):
    """A service level names a target for every priority and metric."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a service level; targets in business minutes of its calendar."""

    policy_id: UUID
    version: int
    name: str
    calendar_id: UUID
    targets: Targets
    warn_percents: tuple[int, ...]
    auto_close_days: int
    published_at: datetime


@dataclass(frozen=True, slots=True)
class PublishPolicy:
    """`is_new` where a service level is meant that nobody has published yet."""

    policy_id: UUID
    name: str
    calendar_id: UUID
    targets: Targets
    warn_percents: tuple[int, ...]
    auto_close_days: int
    is_new: bool = True


def decide(policy: Policy | None, command: PublishPolicy) -> list[SlaPolicyPublished]:
    if policy is None and not command.is_new:
        raise PolicyNotFoundError(policy_id=command.policy_id)
    _require_every_target(command.targets)
    published = SlaPolicyPublished(
        policy_id=command.policy_id,
        policy_version=policy.version + 1 if policy else 1,
        name=command.name,
        calendar_id=command.calendar_id,
        targets={priority: dict(metrics) for priority, metrics in command.targets.items()},
        warn_percents=tuple(sorted(set(command.warn_percents))),
        auto_close_days=command.auto_close_days,
    )
    if policy is not None and _says_the_same(policy, published):
        return []
    if policy is not None and command.is_new:
        raise PolicyExistsError(policy_id=command.policy_id)
    return [published]


def evolve(event: SlaPolicyPublished, at: datetime) -> Policy:
    """A publication tells the whole service level, whatever was before it."""
    return Policy(
        policy_id=event.policy_id,
        version=event.policy_version,
        name=event.name,
        calendar_id=event.calendar_id,
        targets=event.targets,
        warn_percents=event.warn_percents,
        auto_close_days=event.auto_close_days,
        published_at=at,
    )


def _require_every_target(targets: Targets) -> None:
    missing = [
        f"{priority}.{metric}"
        for priority in PRIORITIES
        for metric in METRICS
        if metric not in targets.get(priority, {})
    ]
    if missing:
        raise TargetMissingError(field="targets", missing=missing)


def _says_the_same(policy: Policy, published: SlaPolicyPublished) -> bool:
    return policy == evolve(
        published.model_copy(update={"policy_version": policy.version}), policy.published_at
    )
