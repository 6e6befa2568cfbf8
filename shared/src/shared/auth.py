"""Who calls: a bearer JWT names a subject and its roles; each endpoint says which may use it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Literal, TypeAlias, cast, get_args

import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shared.cause import Cause
from shared.errors import ForbiddenError, UnauthenticatedError
from shared.http.context import correlation_of, trace_of

Role: TypeAlias = Literal[
    "sales", "service", "marketing", "admin", "reader", "integration", "privacy", "disclosure"
]
ROLES: tuple[Role, ...] = get_args(Role)

AUDIENCE = "rapport"
DEFAULT_LIFETIME = timedelta(hours=12)
_SERVICE_TOKEN_LASTS = timedelta(minutes=10)

_bearer = HTTPBearer(auto_error=False, description="A JWT with `sub`, `roles`, `exp`, `aud`.")


class RoleNotAllowedError(ForbiddenError):
    """None of the caller's roles may do this."""


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller of one request, and the cause of whatever the request does."""

    subject: str
    roles: frozenset[str]
    cause: Cause


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Verifies bearer tokens; the key is a shared secret (HS256) or a public key (RS256, ES256)."""

    key: str
    algorithm: str

    def claims(self, token: str) -> tuple[str, frozenset[str]]:
        """Subject and roles of a valid token; raises `UnauthenticatedError`."""
        subject, roles, expires_at = _verified(token, self.key, self.algorithm)
        if time.time() >= expires_at:
            raise UnauthenticatedError
        return subject, roles


@lru_cache(maxsize=10_000)
def _verified(token: str, key: str, algorithm: str) -> tuple[str, frozenset[str], float]:
    """Subject, roles and end of a token; a signature is verified once, its end at each request."""
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=AUDIENCE,
            options={"require": ["sub", "exp", "aud"]},
        )
    except jwt.InvalidTokenError as error:
        raise UnauthenticatedError from error
    roles: object = claims.get("roles", [])
    if not isinstance(roles, list):
        raise UnauthenticatedError
    named = frozenset(map(str, cast("list[object]", roles)))
    return str(claims["sub"]), named, float(claims["exp"])


def issue_token(
    key: str, subject: str, roles: Sequence[str], lifetime: timedelta = DEFAULT_LIFETIME
) -> str:
    """A token for a local installation or a test; real ones come from your identity provider."""
    now = datetime.now(UTC)
    claims = {
        "sub": subject,
        "roles": list(roles),
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + lifetime,
    }
    return jwt.encode(claims, key, algorithm="HS256")


def own_token(key: str, service: str, role: Role) -> Callable[[], str]:
    """Tokens that a service signs for itself, where every service has the one secret key."""

    def issue() -> str:
        return issue_token(key, f"service:{service}", [role], _SERVICE_TOKEN_LASTS)

    return issue


@dataclass(frozen=True, slots=True)
class Allowed:
    """A dependency that lets callers in who have one of these roles."""

    roles: frozenset[Role]

    async def __call__(  # a plain function would run in a thread
        self,
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Caller:
        if credentials is None:
            raise UnauthenticatedError
        authenticator: Authenticator = request.app.state.authenticator
        subject, held = authenticator.claims(credentials.credentials)
        if not held & self.roles:
            raise RoleNotAllowedError(needed=sorted(self.roles))
        return Caller(
            subject,
            held,
            Cause(
                actor=f"user:{subject}",
                at=datetime.now(UTC),
                correlation_id=correlation_of(request.scope),
                trace=trace_of(request.scope),
            ),
        )


def allow(*roles: Role) -> Allowed:
    """Whoever has one of these roles is let in, and always an admin."""
    let_in: tuple[Role, ...] = (*roles, "admin")
    return Allowed(frozenset(let_in))


allow_any_role = allow(*ROLES)

Reader: TypeAlias = Annotated[Caller, Depends(allow_any_role)]
"""Whoever has any role may read."""
