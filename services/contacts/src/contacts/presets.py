"""What the columns of other systems' exports hold: data, not code.

A column may bear the label that people see, or the name that programs use; case does not matter.
Of several columns for one field the first that the file has is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from contacts.file_layout import CUSTOMER_EXTERNAL_ID, EXTERNAL_ID, EntityType, PresetName
from contacts.file_rows import CUSTOMER_FIELDS
from contacts.imports.domain import CardsNeedNoMappingError, MappingMissingError, Spec
from contacts.person_rows import PERSON_FIELDS

_NAMED = (EXTERNAL_ID, CUSTOMER_EXTERNAL_ID)


@dataclass(frozen=True, slots=True)
class Preset:
    """Columns by the field that they hold; `signs` are what together no other file has."""

    name: PresetName
    entity_type: EntityType
    columns: Mapping[str, Sequence[str]]
    signs: Sequence[Sequence[str]]
    constants: Mapping[str, str] = field(default_factory=dict[str, str])

    def mapping(self, header: Sequence[str]) -> dict[str, str]:
        """Which column of this header holds which field."""
        written = {column.casefold(): column for column in reversed(header)}
        found: dict[str, str] = {}
        for name, columns in self.columns.items():
            named = (column.casefold() for column in columns)
            if column := next((each for each in named if each in written), None):
                found.setdefault(written[column], name)
        if self.name == "rapport":
            found |= {column: column for column in header if column.startswith(_NAMED)}
        return found

    def fits(self, header: Sequence[str]) -> bool:
        """Whether the header is one of this system's exports."""
        written = {column.casefold() for column in header}
        return any(all(sign.casefold() in written for sign in signs) for signs in self.signs)


_HUBSPOT_CONTACTS = {
    "external_id:hubspot": ("Record ID", "Contact ID", "hs_object_id"),
    "given_name": ("First Name", "firstname"),
    "family_name": ("Last Name", "lastname"),
    "salutation": ("Salutation", "salutation"),
    "email": ("Email", "email"),
    "email_2": ("Work email", "work_email"),
    "phone": ("Phone Number", "phone"),
    "mobile": ("Mobile Phone Number", "mobilephone"),
    "job_title": ("Job Title", "jobtitle"),
    "customer_name": ("Company Name", "Associated Company", "company"),
    "customer_external_id:hubspot": (
        "Primary Associated Company ID",
        "Associated Company IDs",
        "associatedcompanyid",
    ),
    "street": ("Street Address", "address"),
    "locality": ("City", "city"),
    "postal_region": ("State/Region", "state"),
    "postal_code": ("Postal Code", "zip"),
    "country": ("Country/Region", "country"),
    "birthday": ("Date of birth", "date_of_birth"),
    "role": ("Buying Role", "hs_buying_role"),
    "opted_out:email": ("Unsubscribed from all email", "hs_email_optout"),
}
_HUBSPOT_COMPANIES = {
    "external_id:hubspot": ("Record ID", "Company ID", "hs_object_id"),
    "display_name": ("Company name", "name"),
    "website": ("Company Domain Name", "Website URL", "domain"),
    "industry": ("Industry", "industry"),
    "region": ("Country/Region", "country"),
}
_SALESFORCE_CONTACTS = {
    "external_id:salesforce": ("Contact ID", "Id"),
    "given_name": ("First Name", "FirstName"),
    "family_name": ("Last Name", "LastName"),
    "salutation": ("Salutation",),
    "email": ("Email",),
    "phone": ("Phone", "Business Phone"),
    "phone_2": ("Home Phone", "HomePhone"),
    "phone_3": ("Other Phone", "OtherPhone"),
    "mobile": ("Mobile", "Mobile Phone", "MobilePhone"),
    "job_title": ("Title",),
    "department": ("Department",),
    "customer_name": ("Account Name", "Account.Name"),
    "customer_external_id:salesforce": ("Account ID", "AccountId"),
    "street": ("Mailing Street", "MailingStreet", "Mailing Address Line 1"),
    "locality": ("Mailing City", "MailingCity"),
    "postal_region": ("Mailing State/Province", "Mailing State", "MailingState"),
    "postal_code": ("Mailing Zip/Postal Code", "MailingPostalCode"),
    "country": ("Mailing Country", "MailingCountry", "Mailing Country Code"),
    "street_2": ("Other Street", "OtherStreet"),
    "locality_2": ("Other City", "OtherCity"),
    "postal_region_2": ("Other State/Province", "OtherState"),
    "postal_code_2": ("Other Zip/Postal Code", "OtherPostalCode"),
    "country_2": ("Other Country", "OtherCountry"),
    "birthday": ("Birthdate",),
    "opted_out:email": ("Email Opt Out", "HasOptedOutOfEmail"),
    "opted_out:phone": ("Do Not Call", "DoNotCall"),
}
_SALESFORCE_ACCOUNTS = {
    "external_id:salesforce": ("Account ID", "Id"),
    "display_name": ("Account Name", "Name"),
    "website": ("Website",),
    "industry": ("Industry",),
    "region": ("Billing Country", "BillingCountry"),
}
_ORGANIZATION = {"kind": "organization"}
PRESETS: tuple[Preset, ...] = (
    Preset(
        "rapport",
        "contact",
        {name: (name,) for name in sorted(PERSON_FIELDS)},
        [["contact_id", "given_name", "customer_name"]],
    ),
    Preset(
        "rapport",
        "customer",
        {name: (name,) for name in sorted(CUSTOMER_FIELDS)},
        [["customer_id", "display_name", "record_status"]],
    ),
    Preset(
        "hubspot",
        "contact",
        _HUBSPOT_CONTACTS,
        [["Record ID", "First Name", "Email"], ["hs_object_id", "firstname", "email"]],
    ),
    Preset(
        "hubspot",
        "customer",
        _HUBSPOT_COMPANIES,
        [
            ["Record ID", "Company name", "Company Domain Name"],
            ["Record ID", "Company name", "Company owner"],
            ["hs_object_id", "name", "domain"],
        ],
        {**_ORGANIZATION, "source": "hubspot"},
    ),
    Preset(
        "salesforce",
        "contact",
        _SALESFORCE_CONTACTS,
        [
            ["Contact ID", "Last Name", "Account Name"],
            ["Contact ID", "Last Name", "Mailing Street"],
            ["Contact ID", "Last Name", "Email Opt Out"],
            ["Id", "LastName", "AccountId"],
            ["Id", "LastName", "HasOptedOutOfEmail"],
            ["Id", "LastName", "MailingStreet"],
        ],
    ),
    Preset(
        "salesforce",
        "customer",
        _SALESFORCE_ACCOUNTS,
        [
            ["Account ID", "Account Name", "Billing Country"],
            ["Account ID", "Account Name", "Website"],
            ["Id", "Name", "BillingCountry"],
        ],
        {**_ORGANIZATION, "source": "salesforce"},
    ),
)


def preset_of(name: PresetName, entity_type: EntityType) -> Preset:
    """The preset for files of this kind of this system's."""
    return next(each for each in PRESETS if each.name == name and each.entity_type == entity_type)


def detect(header: Sequence[str], entity_type: EntityType) -> Preset | None:
    """The one preset whose signs the header bears; none where none or several do."""
    fitting = [each for each in PRESETS if each.entity_type == entity_type and each.fits(header)]
    return fitting[0] if len(fitting) == 1 else None


def resolve(spec: Spec, header: Sequence[str]) -> Spec:
    """The same with the mapping that goes without saying: of cards, or by a preset.

    What the caller says goes before the preset. Without both, the header must be a known one.
    """
    if spec.format == "vcard":
        if spec.mapping or spec.preset or spec.entity_type != "contact":
            raise CardsNeedNoMappingError(field="spec.mapping")
        return replace(spec, mapping={column: column for column in header})
    preset = preset_of(spec.preset, spec.entity_type) if spec.preset else None
    if preset is None and not spec.mapping:
        preset = detect(header, spec.entity_type)
        if preset is None:
            raise MappingMissingError(field="spec.mapping")
    if preset is None:
        return spec
    said = {*spec.mapping.values(), *spec.constants}
    known = {column: name for column, name in preset.mapping(header).items() if name not in said}
    return replace(
        spec,
        preset=preset.name,
        mapping={**known, **spec.mapping},
        constants={**preset.constants, **spec.constants},
    )
