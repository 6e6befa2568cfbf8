"""Ids: time-ordered ones for what is new, derived ones for what a repeat must find again."""

from uuid import UUID, uuid5

from uuid_utils.compat import uuid7

NAMESPACE = UUID("6f1f1a1e-7c5e-5b0a-9d8e-2f4a6c8e0b1d")


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): later ids sort after earlier ones, so indexes grow at one end."""
    return uuid7()


def derived_id(*parts: object) -> UUID:
    """The same UUIDv5 for the same parts, for ever: what a reaction creates is created once."""
    return uuid5(NAMESPACE, "\x1f".join(str(part) for part in parts))
