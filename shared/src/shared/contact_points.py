"""Contact points: one normal form per address, so that the same address is the same everywhere."""

import hashlib
import hmac

import phonenumbers

from shared.contracts.contacts import Channel, PointType
from shared.errors import InvalidError

_LONGEST_EMAIL = 254

CHANNEL_OF_POINT: dict[PointType, Channel] = {"email": "email", "phone": "phone", "mobile": "phone"}


class EmailInvalidError(InvalidError):
    """This is not an e-mail address."""


class PhoneInvalidError(InvalidError):
    """This is not a phone number; write it with its country code, as in +44 20 7946 0018."""


def normalize_email(text: str) -> str:
    """Trimmed and lower-cased; raises `EmailInvalidError`. Plus-tags stay: they are other boxes."""
    email = text.strip().lower()
    local, _, domain = email.rpartition("@")
    labels = domain.split(".")
    plausible = (
        local
        and len(email) <= _LONGEST_EMAIL
        and email.isprintable()
        and not any(character in email for character in ' ,;<>()[]"\\')
        and "@" not in local
        and len(labels) > 1
        and all(label and not label.startswith("-") and not label.endswith("-") for label in labels)
    )
    if not plausible:
        raise EmailInvalidError
    return email


def normalize_phone(text: str, region: str | None = None) -> str:
    """E.164; a national number needs its `region` (ISO 3166). Raises `PhoneInvalidError`."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise PhoneInvalidError from error
    if not phonenumbers.is_possible_number(number):
        raise PhoneInvalidError
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalize(point_type: PointType, text: str, region: str | None = None) -> str:
    """The normal form of an address of this type; raises one of the two errors above."""
    return normalize_email(text) if point_type == "email" else normalize_phone(text, region)


def normalize_post(text: str) -> str:
    """A postal address as it is compared: without regard to case, and to blanks but as gaps."""
    return " ".join(text.casefold().split())


def subject_hash(key: str, channel: Channel, normalized: str) -> str:
    """What stands for an address on event topics and in suppressions: HMAC-SHA-256, hex.

    Keyed, so that nobody without the key can test a list of addresses against it.
    """
    return hmac.new(key.encode(), f"{channel}:{normalized}".encode(), hashlib.sha256).hexdigest()
