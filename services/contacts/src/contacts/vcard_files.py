"""Files of vCards, 3.0 (RFC 2426) and 4.0 (RFC 6350), as phones and mail programs write them.

A card is read into a row under columns that are the fields of a person, so that all that is done
with rows of CSV is done with cards. A card that cannot be read is a row that says why.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from shared.errors import InvalidError

from contacts.csv_files import FileEncodingError, NumberedRow
from contacts.file_layout import EXTERNAL_ID, UNREADABLE, numbered

UID = EXTERNAL_ID + "vcard"
_SEVERAL = {"email": 5, "phone": 5, "mobile": 5}
_ADDRESSES = 3
_ADDRESS = ("street", "locality", "postal_region", "postal_code", "country")
_TEXTS = {"TITLE": "job_title", "ROLE": "role", "UID": UID}
_SINGLE = ("given_name", "family_name", "salutation", "job_title", "department", "language")
CARD_COLUMNS: tuple[str, ...] = (
    *_SINGLE,
    "timezone",
    "customer_name",
    "role",
    *(numbered(kind, n) for kind, most in _SEVERAL.items() for n in range(1, most + 1)),
    *(numbered(part, n) for n in range(1, _ADDRESSES + 1) for part in _ADDRESS),
    "birthday",
    "anniversary",
    UID,
    UNREADABLE,
)
_READ = frozenset({
    "VERSION", "KIND", "N", "FN", "EMAIL", "TEL", "ADR", "ORG", "BDAY", "ANNIVERSARY", "LANG",
    "TZ", "X-ABSHOWAS", *_TEXTS,
})  # fmt: skip
_VERSIONS = ("3.0", "4.0")
_LONGEST_VALUE = 10_000
_LAST = 101
"""A rank behind all that a card can give (RFC 6350: 1 to 100)."""


class FileIsNotVcardError(InvalidError):
    """The file has no vCard."""


@dataclass(frozen=True, slots=True)
class _Property:
    name: str
    value: str
    parameters: dict[str, list[str]]

    @property
    def kinds(self) -> list[str]:
        return self.parameters.get("TYPE", [])

    @property
    def rank(self) -> int:
        """The lower the better: `PREF=1` of 4.0, `TYPE=pref` of 3.0."""
        given = self.parameters.get("PREF", [""])[0]
        if given.isdecimal():
            return int(given)
        return 1 if "pref" in self.kinds else _LAST


@dataclass(slots=True)
class _Card:
    """One card while its lines come in; what is wrong with it ends its reading, not the file's."""

    line: int
    wrong: str | None = None
    properties: list[_Property] = field(default_factory=list[_Property])

    def take(self, text: str) -> None:
        name, _, _ = text.partition(":")[0].partition(";")
        name = name.rpartition(".")[2].upper()
        if self.wrong or name not in _READ:
            return
        if len(text) > _LONGEST_VALUE:
            self.wrong = f"too-long: {name}"
        elif (read := _property(text)) is None:
            self.wrong = f"not-a-property: {name}"
        elif read.value:
            self.properties.append(read)

    def row(self) -> NumberedRow:
        said = {} if self.wrong else _said(self.properties)
        if self.wrong:
            said[UNREADABLE] = self.wrong
        return self.line, [said.get(column, "") for column in CARD_COLUMNS]


def read_cards(file: BinaryIO) -> Iterator[NumberedRow]:
    """The header, then a row for each card with the line where it begins; a piece at a time."""
    file.seek(0)
    text = io.TextIOWrapper(file, encoding="utf-8-sig")
    yield 1, list(CARD_COLUMNS)
    line = 1
    card: _Card | None = None
    seen = False
    try:
        for line, content in _unfolded(text):
            word = content.strip().upper()
            if word == "BEGIN:VCARD":
                if card is not None:
                    card.wrong = "not-ended"
                    yield card.row()
                card, seen = _Card(line), True
            elif card is None:
                if word:
                    yield _Card(line, "outside-of-a-card").row()
            elif word == "END:VCARD":
                yield card.row()
                card = None
            else:
                card.take(content)
    except UnicodeDecodeError as error:
        raise FileEncodingError(field="file", row=line) from error
    finally:
        text.detach()
    if card is not None:
        card.wrong = "not-ended"
        yield card.row()
    if not seen:
        raise FileIsNotVcardError(field="file")


def _unfolded(text: io.TextIOWrapper) -> Iterator[tuple[int, str]]:
    """Whole lines: one that begins with a blank goes on with the one before it.

    Of what is longer than any name or address (pictures are) only the beginning is kept.
    """
    begun, whole = 0, ""
    for number, physical in enumerate(text, 1):
        content = physical.rstrip("\r\n")
        if content[:1] in (" ", "\t") and begun:
            if len(whole) <= _LONGEST_VALUE:
                whole += content[1:]
            continue
        if begun:
            yield begun, whole
        begun, whole = number, content
    if begun:
        yield begun, whole


def _property(text: str) -> _Property | None:
    """`item1.TEL;TYPE="cell,voice";PREF=1:+43 1` in its parts; None where no colon ends a name."""
    pieces: list[str] = []
    begun, quoted = 0, False
    for place, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif character in ";:" and not quoted:
            pieces.append(text[begun:place])
            begun = place + 1
            if character == ":":
                break
    else:
        return None
    parameters: dict[str, list[str]] = {}
    for piece in pieces[1:]:
        name, equals, value = piece.partition("=")
        if not equals:  # of 2.1, and still written: TEL;CELL:…
            name, value = "TYPE", piece
        values = value.replace('"', "").split(",")
        parameters.setdefault(name.upper(), []).extend(each.strip().lower() for each in values)
    return _Property(pieces[0].rpartition(".")[2].upper(), text[begun:].strip(), parameters)


def _said(properties: Sequence[_Property]) -> dict[str, str]:
    """The fields of the person; of what there can be only one, the best ranked."""
    by_name: dict[str, list[_Property]] = {}
    for each in sorted(properties, key=lambda each: each.rank):
        by_name.setdefault(each.name, []).append(each)
    first = {name: several[0] for name, several in by_name.items()}
    if wrong := _refused(first):
        return {UNREADABLE: wrong}
    said = _named(first)
    for name, column in _TEXTS.items():
        if name in first:
            said[column] = _plain(first[name].value)
    if "ORG" in first:
        firm, *units = [_plain(part) for part in _split(first["ORG"].value, ";")]
        said |= {"customer_name": firm, "department": ", ".join(filter(None, units))}
    for name, column in (("BDAY", "birthday"), ("ANNIVERSARY", "anniversary")):
        if name in first:
            said[column] = _day(first[name])
    if "LANG" in first:
        said["language"] = first["LANG"].value
    if "/" in (zone := first["TZ"].value if "TZ" in first else ""):
        said["timezone"] = zone  # an offset from UTC is no time zone
    said |= _reached(by_name)
    return said


def _refused(first: dict[str, _Property]) -> str | None:
    version = first["VERSION"].value if "VERSION" in first else "none"
    if version not in _VERSIONS:
        return f"version-not-read: {version[:10]}"
    kind = first["KIND"].value.lower() if "KIND" in first else "individual"
    shown_as = first["X-ABSHOWAS"].value.lower() if "X-ABSHOWAS" in first else "person"
    if kind != "individual" or shown_as == "company":
        return "not-a-person"
    return None


def _named(first: dict[str, _Property]) -> dict[str, str]:
    """The parts of the name; without them the last word of the whole is the family's."""
    parts = [_list(part) for part in _split(first["N"].value, ";")] if "N" in first else []
    family, given, more, prefix, suffix = (*parts, "", "", "", "", "")[:5]
    if family or given:
        return {
            "given_name": " ".join(filter(None, (given, more))),
            "family_name": ", ".join(filter(None, (family, suffix))),
            "salutation": prefix,
        }
    whole = _plain(first["FN"].value) if "FN" in first else ""
    given, _, family = whole.rpartition(" ")
    return {"given_name": given, "family_name": family}


def _reached(by_name: dict[str, list[_Property]]) -> dict[str, str]:
    """E-mail addresses, numbers and postal addresses, as many as there are columns for."""
    found: dict[str, list[str]] = {kind: [] for kind in _SEVERAL}
    found["email"] = [
        _plain(each.value).removeprefix("mailto:") for each in by_name.get("EMAIL", [])
    ]
    for each in by_name.get("TEL", []):
        if not {"fax", "pager"} & set(each.kinds):
            is_mobile = bool({"cell", "iphone"} & set(each.kinds))
            found["mobile" if is_mobile else "phone"].append(_number(each.value))
    said: dict[str, str] = {}
    for kind, values in found.items():
        unique = list(dict.fromkeys(values))
        if len(unique) > _SEVERAL[kind]:
            return {UNREADABLE: f"too-many: {kind}"}
        said |= {numbered(kind, n): value for n, value in enumerate(unique, 1)}
    addresses = by_name.get("ADR", [])
    if len(addresses) > _ADDRESSES:
        return {UNREADABLE: "too-many: ADR"}
    for n, each in enumerate(addresses, 1):
        said |= {numbered(name, n): text for name, text in _address(each.value).items()}
    return said


def _address(value: str) -> dict[str, str]:
    box, more, street, *place = (*(_split(value, ";")), *[""] * 7)[:7]
    lines = [_plain(line) for part in (street, more, box) for line in _split(part, ",")]
    texts = ["\n".join(filter(None, (line.strip() for line in lines))), *map(_list, place)]
    return dict(zip(_ADDRESS, texts, strict=True))


def _number(value: str) -> str:
    text = _plain(value)
    if text.lower().startswith("tel:"):
        return text[4:].partition(";")[0]
    return text


def _day(said: _Property) -> str:
    """Phones that must write a year write 1604 where it is not known, and say so."""
    year = said.parameters.get("X-APPLE-OMIT-YEAR", [""])[0]
    if year and said.value.startswith(year):
        return "--" + said.value[len(year) :].lstrip("-")
    return said.value


def _list(value: str) -> str:
    return " ".join(filter(None, (_plain(each).strip() for each in _split(value, ","))))


def _split(value: str, separator: str) -> list[str]:
    """The parts between separators that no backslash makes plain text; still escaped."""
    parts: list[str] = []
    part, escaped = "", False
    for character in value:
        if character == separator and not escaped:
            parts.append(part)
            part = ""
        else:
            part += character
        escaped = character == "\\" and not escaped
    return [*parts, part]


def _plain(value: str) -> str:
    text, escaped = "", False
    for character in value:
        if escaped:
            text += "\n" if character in "nN" else character
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            text += character
    return text.strip()
