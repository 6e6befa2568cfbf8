"""ACLs: what a cluster grants, beside what the registry says, and making the one the other."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Literal

from shared.access.admin import TIMEOUT, answer, library
from shared.contracts.rights import Right, is_ours

ANYWHERE = "*"
USER = "User:"
PAUSE = 0.05

_RESOURCES: dict[Literal["topic", "group"], Any] = {
    "topic": library.ResourceType.TOPIC,
    "group": library.ResourceType.GROUP,
}
_OPERATIONS: dict[Literal["Read", "Write"], Any] = {
    "Read": library.AclOperation.READ,
    "Write": library.AclOperation.WRITE,
}
_ANY = library.AclBindingFilter(
    library.ResourceType.ANY,
    None,
    library.ResourcePatternType.ANY,
    None,
    None,
    library.AclOperation.ANY,
    library.AclPermissionType.ANY,
)


@dataclass(frozen=True, slots=True)
class Found:
    """What a cluster's ACLs say: what we might have granted, and what we would never grant."""

    granted: frozenset[Right]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What is to be granted, what is to be taken away, and what is left to those who granted it."""

    missing: tuple[Right, ...]
    surplus: tuple[Right, ...]
    others: tuple[str, ...]

    @property
    def is_none(self) -> bool:
        return not (self.missing or self.surplus)


def find(client: Any) -> Found:
    """Read every ACL of the cluster."""
    granted: set[Right] = set()
    others: list[str] = []
    for acl in answer(client.describe_acls(_ANY)):
        right = _right_of(acl)
        if right is not None and is_ours(right):
            granted.add(right)
        elif _may_touch_ours(acl):
            others.append(_told(acl))
    return Found(frozenset(granted), tuple(sorted(others)))


def compare(wanted: frozenset[Right], found: Found) -> Difference:
    """The way from what is there to what the registry says."""
    return Difference(
        tuple(sorted(wanted - found.granted)), tuple(sorted(found.granted - wanted)), found.others
    )


def grant(client: Any, rights: Collection[Right]) -> None:
    """Grant rights, and return when they hold; those that are there already stay as they are."""
    for granted in client.create_acls([_acl_of(right) for right in rights]).values():
        answer(granted)
    _await(lambda: set(rights) <= _held(client))


def revoke(client: Any, rights: Collection[Right]) -> None:
    """Take exactly these rights away, and return when they are gone."""
    filters = [_filter_of(right) for right in rights]
    for revoked in client.delete_acls(filters).values():
        answer(revoked)
    _await(lambda: _held(client).isdisjoint(rights))


def _held(client: Any) -> set[Right]:
    acls = answer(client.describe_acls(_ANY))
    return {right for acl in acls if (right := _right_of(acl)) is not None}


def _await(is_so: Callable[[], bool]) -> None:
    """The controller answers when it has decided; a broker learns of it a moment later."""
    deadline = time.monotonic() + TIMEOUT
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(PAUSE)


def _acl_of(right: Right) -> Any:
    return library.AclBinding(*_fields_of(right))


def _filter_of(right: Right) -> Any:
    return library.AclBindingFilter(*_fields_of(right))


def _fields_of(right: Right) -> tuple[Any, ...]:
    pattern = library.ResourcePatternType
    return (
        _RESOURCES[right.resource],
        right.name,
        pattern.PREFIXED if right.is_prefix else pattern.LITERAL,
        f"{USER}{right.principal}",
        ANYWHERE,
        _OPERATIONS[right.operation],
        library.AclPermissionType.ALLOW,
    )


def _right_of(acl: Any) -> Right | None:
    """An ACL as one of our rights; None where it is of a kind that we never grant."""
    if acl.permission_type is not library.AclPermissionType.ALLOW or acl.host != ANYWHERE:
        return None
    if not acl.principal.startswith(USER):
        return None
    for resource, kind in _RESOURCES.items():
        for operation, allowed in _OPERATIONS.items():
            if (acl.restype, acl.operation) == (kind, allowed):
                principal = acl.principal.removeprefix(USER)
                prefixed = acl.resource_pattern_type is library.ResourcePatternType.PREFIXED
                return Right(principal, resource, acl.name, operation, is_prefix=prefixed)
    return None


def _may_touch_ours(acl: Any) -> bool:
    """Whether an ACL that we do not manage reaches a topic or group of ours, or the cluster."""
    if acl.restype not in {library.ResourceType.TOPIC, library.ResourceType.GROUP}:
        return True
    name, ours = str(acl.name), ("crm.", "ext.", "rapport.", "subscriber.")
    if acl.resource_pattern_type is library.ResourcePatternType.PREFIXED:
        return name.startswith(ours) or any(start.startswith(name) for start in ours)
    return name == "*" or name.startswith(ours)


def _told(acl: Any) -> str:
    kind, name = acl.restype.name.lower(), acl.name
    if acl.resource_pattern_type is library.ResourcePatternType.PREFIXED:
        name = f"{name}…"
    return (
        f"{acl.principal} from {acl.host}: {acl.permission_type.name.lower()}"
        f" {acl.operation.name.lower()} on {kind} {name}"
    )
