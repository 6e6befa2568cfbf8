"""What a person typed: an e-mail address, a phone number, or a name."""

from shared.contact_points import (
    EmailInvalidError,
    PhoneInvalidError,
    normalize_email,
    normalize_phone,
)

_FEWEST_DIGITS = 5


def point_key_of(text: str) -> str | None:
    """The text as people's addresses are stored (`channel:normalized`); None for a name."""
    try:
        return f"email:{normalize_email(text)}"
    except EmailInvalidError:
        return _phone_key_of(text)


def _phone_key_of(text: str) -> str | None:
    number = text.strip()
    if sum(character.isdigit() for character in number) < _FEWEST_DIGITS:
        return None
    try:
        return f"phone:{normalize_phone(f'+{number[2:]}' if number.startswith('00') else number)}"
    except PhoneInvalidError:
        return None
