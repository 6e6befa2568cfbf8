"""vCards as phones and mail programs write them, read into rows; bad ones say why."""

import io
from datetime import UTC, datetime
from uuid import UUID

import pytest
from contacts.csv_files import FileEncodingError
from contacts.file_layout import Layout, RowError, Tally
from contacts.person_rows import PersonRow, read_people
from contacts.vcard_files import CARD_COLUMNS, FileIsNotVcardError, read_cards
from contacts.vcards import write_card
from hypothesis import given
from hypothesis import strategies as st
from shared.contracts.contacts import ContactPoint, ContactState, KeyDate, PostalPoint

APPLE = r"""BEGIN:VCARD
VERSION:3.0
PRODID:-//Apple Inc.//iPhone OS 17.1//EN
N:Lovelace;Ada;King;Countess;
FN:Countess Ada King Lovelace
ORG:Analytical Engines\, Ltd;Research;
TITLE:Mathematician
item1.EMAIL;type=INTERNET;type=pref:Ada@Example.org
item1.X-ABLabel:_$!<Other>!$_
EMAIL;type=INTERNET;type=HOME:countess@example.org
TEL;type=CELL;type=VOICE;type=pref:+44 20 7946 0018
TEL;type=WORK;type=FAX:+44 20 7946 0019
TEL;type=HOME;type=VOICE:(020) 7946 0020
item2.ADR;type=HOME;type=pref:;;12 St James's Square\nFlat 2;London;;SW1Y 4JH;United Kingdom
item2.X-ABADR:gb
BDAY;X-APPLE-OMIT-YEAR=1604:1604-12-10
PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQAAAQABAAD/4QBARXhpZgAATU0AKgAAAAgAAYdpAAQ
 AAAABAAAAGgAAAAAAAqACAAQAAAABAAAAZKADAAQAAAABAAAAZAAAAAD/7QA4UGhvdG9zaG9wIDMuMAA4QklN
END:VCARD
"""
GOOGLE = """BEGIN:VCARD\r
VERSION:3.0\r
FN:Grace Brewster Hopper\r
N:Hopper;Grace;Brewster;;\r
EMAIL;TYPE=INTERNET;TYPE=WORK:grace@example.org\r
TEL;TYPE=CELL:+12025550143\r
ADR;TYPE=HOME:;;1 Navy Way;Arlington;VA;22202;US;1 Navy Way\\nArlington\\, VA 22202\r
ORG:US Navy\r
BDAY:19061209\r
NOTE:A note that is folded and goes on\r
  in the next line: with a colon\r
CATEGORIES:myContacts\r
END:VCARD\r
"""
OUTLOOK = """BEGIN:VCARD
VERSION:4.0
UID:urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1
FN;CHARSET=UTF-8:Zo\u00eb Zuse
N:Zuse;Zo\u00eb;;Dr.;Jr.
TEL;VALUE=uri;PREF=2;TYPE="voice,home":tel:+49-30-1234567;ext=12
TEL;VALUE=uri;PREF=1;TYPE="voice,work":tel:+49-30-7654321
EMAIL;PREF=1:zoe@example.org
LANG;PREF=2:en
LANG;PREF=1:de-DE
TZ:Europe/Berlin
ANNIVERSARY:20090808
ADR;LABEL="a: b; c":;;Unter den Linden 1,Hof;Berlin;;10117;Narnia
END:VCARD
"""


def read(text: str | bytes) -> tuple[list[PersonRow], list[RowError]]:
    content = text.encode() if isinstance(text, str) else text
    header, *rows = list(read_cards(io.BytesIO(content)))
    assert header == (1, list(CARD_COLUMNS))
    tally = Tally()
    layout = Layout(CARD_COLUMNS, {column: column for column in CARD_COLUMNS}, {})
    return read_people(layout, rows, tally), tally.errors


def points(row: PersonRow) -> list[tuple[str, str]]:
    return [(name, point.value) for name, point in row.points]


def test_a_card_of_a_phone() -> None:
    [ada], errors = read(APPLE)
    assert (errors, ada.number) == ([], 1)
    assert ada.said.given() == {
        "given_name": "Ada King",
        "family_name": "Lovelace",
        "salutation": "Countess",
        "job_title": "Mathematician",
        "department": "Research",
    }
    assert (ada.customer_name, ada.email) == ("Analytical Engines, Ltd", "ada@example.org")
    assert points(ada) == [
        ("email", "Ada@Example.org"),
        ("email_2", "countess@example.org"),
        ("phone", "(020) 7946 0020"),
        ("mobile", "+44 20 7946 0018"),
    ]
    [home] = ada.postal_points
    assert (home.lines, home.locality) == (("12 St James's Square", "Flat 2"), "London")
    assert (home.postal_code, home.country) == ("SW1Y 4JH", "GB")
    [born] = ada.key_dates
    assert (born.kind, born.month_day, born.year) == ("birthday", "12-10", None)


def test_a_card_of_a_web_mailer() -> None:
    [grace], errors = read(GOOGLE)
    assert errors == []
    assert (grace.said.given_name, grace.said.family_name) == ("Grace Brewster", "Hopper")
    assert points(grace) == [("email", "grace@example.org"), ("mobile", "+12025550143")]
    assert (grace.postal_points[0].region, grace.postal_points[0].country) == ("VA", "US")
    assert (grace.key_dates[0].year, grace.customer_name) == (1906, "US Navy")


def test_a_card_of_version_4_with_ranks_and_quoted_parameters() -> None:
    [zoe], errors = read("\ufeff" + OUTLOOK)
    assert errors == []
    assert zoe.said.given() == {
        "given_name": "Zo\u00eb",
        "family_name": "Zuse, Jr.",
        "salutation": "Dr.",
        "language": "de-DE",
        "timezone": "Europe/Berlin",
    }
    assert points(zoe)[1:] == [("phone", "+49-30-7654321"), ("phone_2", "+49-30-1234567")]
    assert zoe.postal_points[0].lines == ("Unter den Linden 1", "Hof", "Narnia")
    assert zoe.external_ids == (("vcard", "urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1"),)
    assert zoe.key_dates[0].kind == "anniversary"


def card(*lines: str, version: str = "3.0") -> str:
    return "\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (card("FN:A", version="2.1"), RowError(1, None, "version-not-read: 2.1")),
        ("BEGIN:VCARD\nFN:A\nEND:VCARD\n", RowError(1, None, "version-not-read: none")),
        (card("KIND:org", "FN:A", version="4.0"), RowError(1, None, "not-a-person")),
        (card("FN:A", "X-ABShowAs:COMPANY"), RowError(1, None, "not-a-person")),
        (card("FN"), RowError(1, None, "not-a-property: FN")),
        (card("FN:" + "x" * 20_000), RowError(1, None, "too-long: FN")),
        (card("EMAIL:nobody"), RowError(1, "email", "email-invalid")),
        (card("BDAY:circa 1800"), RowError(1, "birthday", "date-unreadable")),
        (card(*[f"EMAIL:a{n}@x.org" for n in range(9)]), RowError(1, None, "too-many: email")),
        ("BEGIN:VCARD\nVERSION:3.0\nFN:A\n", RowError(1, None, "not-ended")),
        (card("FN:A") + "hello\n", RowError(5, None, "outside-of-a-card")),
    ],
)
def test_a_bad_card_is_a_rejected_row_and_the_others_are_read(text: str, error: RowError) -> None:
    good, errors = read(text + card("FN:Good One"))
    assert good[-1].said.family_name == "One"
    assert errors == [error]


def test_what_is_no_file_of_cards_is_refused() -> None:
    with pytest.raises(FileIsNotVcardError):
        read("given_name,email\nAda,ada@example.org\n")
    with pytest.raises(FileEncodingError):
        read(b"BEGIN:VCARD\nVERSION:3.0\nFN:caf\xe9\nEND:VCARD\n")


_text = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]))
_said = _text.map(lambda text: " ".join(text.split())).filter(lambda t: 0 < len(t) < 200)


@given(_said, _said, _said)
def test_what_was_written_is_read_again(given_name: str, family_name: str, line: str) -> None:
    state = ContactState(
        contact_id=UUID(int=1),
        given_name=given_name,
        family_name=family_name,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        points=(
            ContactPoint(
                point_id=UUID(int=2),
                type="mobile",
                value="x",
                normalized="+442079460018",
            ),
        ),
        postal_points=(
            PostalPoint(point_id=UUID(int=3), lines=(line,), locality="London", normalized="n"),
        ),
        key_dates=(KeyDate(kind="birthday", month_day="12-10"),),
    )
    [row], errors = read(write_card(state, {}))
    assert errors == []
    assert (row.said.given_name, row.said.family_name) == (given_name, family_name)
    assert points(row) == [("mobile", "+442079460018")]
    assert (row.postal_points[0].lines, row.postal_points[0].locality) == ((line,), "London")
    assert (row.key_dates[0].month_day, row.key_dates[0].year) == ("12-10", None)
