"""Presets: exports of other systems are seen by their header and read by their own columns."""

from collections.abc import Sequence

import pytest
from contacts.file_layout import Layout, Tally
from contacts.imports import domain
from contacts.imports.domain import ColumnUnknownError, MappingMissingError, Spec
from contacts.person_rows import PERSON_FIELDS, OptOut, PersonRow, read_people
from contacts.presets import PRESETS, resolve

HUBSPOT = [
    "Record ID",
    "First Name",
    "Last Name",
    "Email",
    "Phone Number",
    "Company Name",
    "Lifecycle Stage",
    "Contact owner",
    "Unsubscribed from all email",
    "Job Title",
]
SALESFORCE_REPORT = [
    "Salutation",
    "First Name",
    "Last Name",
    "Title",
    "Account Name",
    "Mailing Street",
    "Mailing City",
    "Mailing State/Province",
    "Mailing Zip/Postal Code",
    "Mailing Country",
    "Phone",
    "Mobile",
    "Email",
    "Contact ID",
    "Account ID",
    "Email Opt Out",
    "Do Not Call",
]
SALESFORCE_LOADER = [
    "ID",
    "LASTNAME",
    "FIRSTNAME",
    "ACCOUNTID",
    "EMAIL",
    "MOBILEPHONE",
    "HASOPTEDOUTOFEMAIL",
    "BIRTHDATE",
]


def spec(**said: object) -> Spec:
    values: dict[str, object] = {
        "entity_type": "contact",
        "source_label": "x",
        "on_duplicate": "update",
        "dry_run": False,
        "mapping": {},
        "constants": {},
    }
    return Spec(**{**values, **said})  # type: ignore[arg-type]


def people(header: Sequence[str], *cells: str) -> tuple[list[PersonRow], Tally]:
    resolved = resolve(spec(), header)
    domain.check(resolved, header, PERSON_FIELDS)
    tally = Tally()
    layout = Layout(header, resolved.mapping, resolved.constants)
    return read_people(layout, [(2, list(cells))], tally), tally


def test_an_export_of_hubspot_is_seen_and_read() -> None:
    [ada], tally = people(
        HUBSPOT,
        *("101", "Ada", "Lovelace", "ada@x.org", "+43 1 58801", "Acme", "Customer", "Eve"),
        *("Yes", "Countess"),
    )
    assert tally.errors == []
    assert ada.external_ids == (("hubspot", "101"),)
    assert (ada.email, ada.customer_name) == ("ada@x.org", "Acme")
    assert ada.said.job_title == "Countess"
    assert ada.opt_outs == (OptOut("email", None),)


def test_a_report_of_salesforce_is_seen_and_read() -> None:
    [ada], tally = people(
        SALESFORCE_REPORT,
        *("Ms.", "Ada", "Lovelace", "CEO", "Acme", "12 St James's Square", "London", ""),
        *("SW1Y", "United Kingdom", "+43158801", "+442079460018", "ada@x.org", "003A", "001A"),
        *("0", "1"),
    )
    assert tally.errors == []
    assert (ada.external_ids, ada.customer) == ((("salesforce", "003A"),), ("salesforce", "001A"))
    assert ada.opt_outs == (OptOut("phone", None),)
    assert ada.postal_points[0].country == "GB"


def test_names_of_programs_in_any_case_are_read_too() -> None:
    [ada], tally = people(
        SALESFORCE_LOADER, "003A", "L", "Ada", "001A", "", "+442079460018", "true", "1915-12-10"
    )
    assert tally.errors == []
    assert ada.opt_outs == (OptOut("email", None),)
    assert (ada.said.family_name, ada.key_dates[0].year) == ("L", 1915)


def test_what_the_caller_maps_goes_before_the_preset() -> None:
    said = spec(preset="hubspot", mapping={"Lifecycle Stage": "department", "Email": "email_2"})
    mapping = resolve(said, HUBSPOT).mapping
    assert (mapping["Lifecycle Stage"], mapping["Email"]) == ("department", "email_2")
    assert mapping["First Name"] == "given_name"


def test_a_header_that_nobody_knows_needs_a_mapping() -> None:
    with pytest.raises(MappingMissingError):
        resolve(spec(), ["First Name", "Last Name", "Email"])
    with pytest.raises(MappingMissingError):
        resolve(spec(entity_type="customer"), HUBSPOT)
    named = resolve(spec(preset="hubspot"), ["First Name", "Last Name", "Email"])
    assert named.mapping == {
        "First Name": "given_name",
        "Last Name": "family_name",
        "Email": "email",
    }
    with pytest.raises(ColumnUnknownError):
        domain.check(spec(mapping={"Nickname": "given_name"}), HUBSPOT, PERSON_FIELDS)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda each: f"{each.name}-{each.entity_type}")
def test_every_preset_names_fields_that_there_are(preset: object) -> None:
    assert preset in PRESETS
    each = PRESETS[PRESETS.index(preset)]  # type: ignore[arg-type]
    header = [columns[0] for columns in each.columns.values()]
    resolved = resolve(spec(preset=each.name, entity_type=each.entity_type), header)
    assert set(resolved.mapping.values()) == set(each.columns)


def test_opt_outs_of_one_purpose_may_stand_in_several_columns() -> None:
    name = "opted_out:email:newsletter"
    layout = Layout(["a", "b", "mail"], {"a": name, "b": name, "mail": "email"}, {})
    tally = Tally()
    rows = [(2, ["no", "yes", "a@x.org"]), (3, ["no", "", "b@x.org"]), (4, ["?", "", "c@x.org"])]
    first, second = read_people(layout, rows, tally)
    assert (first.opt_outs, second.opt_outs) == ((OptOut("email", "newsletter"),), ())
    assert [(error.row, error.reason) for error in tally.errors] == [(4, "neither-yes-nor-no")]
