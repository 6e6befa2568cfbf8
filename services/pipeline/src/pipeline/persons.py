"""Telling whether two leads are of one person, without keeping the address to compare."""

from dataclasses import dataclass

from shared.contact_points import (
    EmailInvalidError,
    PhoneInvalidError,
    normalize_email,
    normalize_phone,
    subject_hash,
)


@dataclass(frozen=True, slots=True)
class Intake:
    """What a service's settings say of leads that come in."""

    hash_key: str
    default_owner: str | None

    def person_hash(self, email: str | None, phone: str | None) -> str | None:
        """The person's e-mail address, else the phone number, as a keyed hash."""
        try:
            if email:
                return subject_hash(self.hash_key, "email", normalize_email(email))
            return subject_hash(self.hash_key, "phone", normalize_phone(phone)) if phone else None
        except (EmailInvalidError, PhoneInvalidError):
            return None
