"""Contact points as they are stored: normalised once, and hashed for where no address may go."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import assert_never

from shared.contact_points import CHANNEL_OF_POINT, normalize, normalize_post, subject_hash
from shared.contracts.contacts import Channel, PointType

_REGION_LENGTH = 2


@dataclass(frozen=True, slots=True)
class NewPoint:
    """A point in its normal form, with the hash that stands for it on event topics."""

    type: PointType
    value: str
    normalized: str
    subject_hash: str
    is_primary: bool = False


@dataclass(frozen=True, slots=True)
class PointRules:
    """How this installation reads addresses: the key of its hashes, the region of its numbers."""

    hash_key: str
    default_region: str | None = None

    def read(
        self, point_type: PointType, value: str, region: str | None = None, *, primary: bool = False
    ) -> NewPoint:
        """Read an address; raises `EmailInvalidError` or `PhoneInvalidError`.

        `region` is the customer's, where it is a country; it goes before the default.
        """
        normalized = normalize(point_type, value, country(region) or self.default_region)
        channel = CHANNEL_OF_POINT[point_type]
        hashed = subject_hash(self.hash_key, channel, normalized)
        return NewPoint(point_type, value.strip(), normalized, hashed, primary)

    def subject(self, channel: Channel, value: str) -> str:
        """The hash that a suppression of this address has."""
        return subject_hash(self.hash_key, channel, self._normal_form(channel, value))

    def identifier(self, kind: str, value: str) -> str:
        """The hash that stands for an outside identifier, such as a loyalty number."""
        text = f"{kind}:{''.join(value.split()).casefold()}"
        return hmac.new(self.hash_key.encode(), text.encode(), hashlib.sha256).hexdigest()

    def _normal_form(self, channel: Channel, value: str) -> str:
        match channel:
            case "email":
                return normalize("email", value)
            case "phone" | "sms":
                return normalize("phone", value, self.default_region)
            case "post":
                return normalize_post(value)
            case _:
                assert_never(channel)


def country(region: str | None) -> str | None:
    """The region, where it is the code of a country (ISO 3166-1 alpha-2)."""
    if region and len(region) == _REGION_LENGTH and region.isascii() and region.isalpha():
        return region.upper()
    return None
