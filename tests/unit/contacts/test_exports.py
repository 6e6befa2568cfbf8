"""What an export writes: rows, cards and lines that say what is known, and harm nobody."""

import csv
import io
from datetime import UTC, datetime
from uuid import UUID

from contacts.csv_files import read_rows, write_rows
from contacts.exports.domain import (
    contact_cells,
    contact_columns,
    customer_cells,
    customer_columns,
)
from contacts.file_layout import harmless_cell, plain_cell
from contacts.vcards import write_card
from hypothesis import given
from hypothesis import strategies as st
from shared.contracts.contacts import (
    ContactPoint,
    ContactState,
    CustomerState,
    ExternalId,
    KeyDate,
    Membership,
    PostalPoint,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)
FIRM = CustomerState(
    customer_id=UUID(int=1),
    kind="organization",
    display_name="Analytical; Engines, Ltd",
    lifecycle="prospect",
    lifecycle_since=AT,
    source="manual",
    created_at=AT,
    tags=("a", "b"),
    external_ids=(ExternalId(system="erp", id="F1"),),
)
ADA = ContactState(
    contact_id=UUID(int=2),
    given_name="Ada",
    family_name="Lovelace",
    job_title="Mathematician",
    language="en",
    timezone="Europe/London",
    created_at=AT,
    points=(
        ContactPoint(point_id=UUID(int=3), type="email", value="B@x.org", normalized="b@x.org"),
        ContactPoint(
            point_id=UUID(int=4),
            type="email",
            value="a@x.org",
            normalized="a@x.org",
            is_primary=True,
        ),
        ContactPoint(
            point_id=UUID(int=5),
            type="email",
            value="old@x.org",
            normalized="old@x.org",
            status="invalid",
        ),
        ContactPoint(point_id=UUID(int=6), type="mobile", value="x", normalized="+442079460018"),
    ),
    postal_points=(
        PostalPoint(
            point_id=UUID(int=7),
            lines=("12 St James's Sq", "Flat, 2"),
            locality="London",
            postal_code="SW1Y",
            country="GB",
            normalized="n",
        ),
    ),
    key_dates=(KeyDate(kind="birthday", month_day="12-10", year=1815),),
    memberships=(
        Membership(customer_id=UUID(int=9), since=AT, until=AT),
        Membership(customer_id=FIRM.customer_id, role="buyer", since=AT),
    ),
)


def test_a_card_says_all_that_reaches_the_person_in_rfc_6350() -> None:
    card = write_card(ADA, {FIRM.customer_id: FIRM})
    assert card.split("\r\n") == [
        "BEGIN:VCARD",
        "VERSION:4.0",
        f"UID:urn:uuid:{ADA.contact_id}",
        "FN:Ada Lovelace",
        "N:Lovelace;Ada;;;",
        "EMAIL;PREF=1:a@x.org",
        "EMAIL:b@x.org",
        "TEL;VALUE=uri;TYPE=cell:tel:+442079460018",
        r"ADR:;;12 St James's Sq,Flat\, 2;London;;SW1Y;GB",
        r"ORG:Analytical\; Engines\, Ltd",
        "TITLE:Mathematician",
        "ROLE:buyer",
        "BDAY:18151210",
        "LANG:en",
        "TZ:Europe/London",
        "END:VCARD",
        "",
    ]


def test_a_long_line_is_folded_between_characters() -> None:
    card = write_card(ADA.model_copy(update={"family_name": "ü" * 200}), {})
    assert all(len(line.encode()) <= 75 for line in card.split("\r\n"))
    assert "ü" * 200 in card.replace("\r\n ", "")


def test_who_has_no_name_is_called_by_an_address() -> None:
    nameless = ADA.model_copy(update={"given_name": None, "family_name": None, "points": ()})
    assert f"FN:{ADA.contact_id}\r\n" in write_card(nameless, {})


def test_a_row_has_the_primary_address_and_the_customer_by_its_names() -> None:
    cells = contact_cells(ADA, {FIRM.customer_id: FIRM}, ["crm", "erp"])
    row = dict(zip(contact_columns(["crm", "erp"]), cells, strict=True))
    assert (row["email"], row["mobile"], row["phone"]) == ("a@x.org", "+442079460018", "")
    assert (row["street"], row["country"]) == ("12 St James's Sq\nFlat, 2", "GB")
    assert (row["birthday"], row["role"]) == ("1815-12-10", "buyer")
    assert row["customer_name"] == FIRM.display_name
    assert (row["customer_external_id:crm"], row["customer_external_id:erp"]) == ("", "F1")


def test_a_row_of_a_customer_has_a_column_for_each_system() -> None:
    cells = customer_cells(FIRM, ["crm", "erp"])
    row = dict(zip(customer_columns(["crm", "erp"]), cells, strict=True))
    assert (row["tags"], row["legal_name"]) == ("a;b", "")
    assert (row["external_id:crm"], row["external_id:erp"]) == ("", "F1")


def test_no_cell_is_a_formula() -> None:
    for evil in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1"):
        assert harmless_cell(evil) == f"'{evil}"
    assert [harmless_cell(each) for each in ("1=1", "it's", "'tis", None)] == [
        "1=1",
        "it's",
        "'tis",
        "",
    ]


@given(st.text(st.sampled_from("'=+-@\t a\n\"")))
def test_what_was_made_harmless_is_read_as_it_was(text: str) -> None:
    assert plain_cell(harmless_cell(text)) == text


def test_lines_end_and_quote_as_rfc_4180_says() -> None:
    text = write_rows([["a", 'say "x", now\n'], [None, "b"]])
    assert text == 'a,"say ""x"", now\n"\r\n,b\r\n'
    assert list(read_rows(io.BytesIO(text.encode()), ","))[1] == (3, ["", "b"])
    assert next(csv.reader(io.StringIO(text, newline=""))) == ["a", 'say "x", now\n']
