"""Refusals: what a rule, a lookup or a race says no with.

A refusal's class docstring is its message; its details are ids and codes, never prose or personal
data. It is raised where it is known and caught only at the edge: HTTP answers with the family's
status, a consumer parks the record.
"""

import re
from typing import ClassVar

_WORD_BEGINS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""In `BeACircle` before the `A` and before the `C`."""


class Refusal(Exception):  # noqa: N818 -- the families below carry the suffix
    """The request was refused."""

    status: ClassVar[int] = 400

    def __init__(self, **details: object) -> None:
        super().__init__(self.message())
        self.details = details

    @classmethod
    def message(cls) -> str:
        """The first line of the docstring."""
        return (cls.__doc__ or "").strip().splitlines()[0]

    @classmethod
    def code(cls) -> str:
        """`DealIsLostError` → `deal-is-lost`: stable, for machines."""
        return _WORD_BEGINS.sub("-", cls.__name__.removesuffix("Error")).lower()

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value}" for name, value in self.details.items())
        return f"{self.message()} ({details})" if details else self.message()


class NotFoundError(Refusal):
    """There is no such thing."""

    status = 404


class ConflictError(Refusal):
    """The state of things does not allow it."""

    status = 409


class GoneError(Refusal):
    """It was here, and it is here no more."""

    status = 410


class UnavailableError(Refusal):
    """A part of the system is down; try again."""

    status = 503


class InvalidError(Refusal):
    """The input is not valid."""

    status = 422


class ForbiddenError(Refusal):
    """This caller may not do it."""

    status = 403


class UnauthenticatedError(Refusal):
    """A valid bearer token is needed."""

    status = 401


class TooManyRequestsError(Refusal):
    """Too many requests; try again later."""

    status = 429


class PreconditionFailedError(Refusal):
    """The record has changed since the version named in If-Match; read it again."""

    status = 412


class StaleVersionError(ConflictError):
    """Somebody else changed the record at the same time; try again."""
