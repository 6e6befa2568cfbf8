"""Who plays: the people at the doors, the customer, and what they know of one another."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from shared.ids import derived_id

from devstack.demo.doors import Caller, Doors
from devstack.demo.errors import DemoError

COMPANY = "Harbour Lights Ltd"
GIVEN_NAME, FAMILY_NAME = "Nora", "Lindqvist"
EMAIL = "nora.lindqvist@harbour-lights.example"
PHONE = "+44 20 7946 0018"
PRODUCT_LINE = "lighting"
SELLER, AGENT, MARKETER = "anna", "sam", "mia"


@dataclass(frozen=True)
class Customer:
    """The customer of the story: its ids may be fresh (tests) or always the same (the demo)."""

    company: str = COMPANY
    given_name: str = GIVEN_NAME
    family_name: str = FAMILY_NAME
    email: str = EMAIL
    phone: str = PHONE

    @property
    def slug(self) -> str:
        """What names this customer's form, segment and campaigns: a code of the e-mail address.

        Names of campaigns are published as facts, so it tells nobody the address.
        """
        return derived_id("story", self.email).hex[:12]


JOINERY = Customer(
    company="Quayside Joinery",
    given_name="Tom",
    family_name="Okafor",
    email="tom.okafor@quayside-joinery.example",
    phone="+44 20 7946 0321",
)
"""Whom the second chapter is about."""


@dataclass(frozen=True)
class Cast:
    """Everybody on the stage; `rest` waits until every reaction to what was done has happened."""

    doors: Doors
    customer: Customer
    rest: Callable[[], Awaitable[object]]
    tell: Callable[[str], None]

    def expect(self, holds: bool, what: str, seen: object) -> None:  # noqa: FBT001
        """Stop the story where it goes another way."""
        if not holds:
            raise DemoError(f"The story goes wrong: expected that {what}; seen: {seen}")

    @property
    def leaver(self) -> str:
        """The seller who leaves in this customer's story, and never comes back."""
        return f"olga-{self.customer.slug[:6]}"

    @property
    def stranger(self) -> Caller:
        return self.doors.stranger()

    @property
    def marketing(self) -> Caller:
        return self.doors.caller(MARKETER, "marketing")

    @property
    def sales(self) -> Caller:
        return self.doors.caller(SELLER, "sales")

    @property
    def service(self) -> Caller:
        return self.doors.caller(AGENT, "service")


def in_days(days: int) -> date:
    return datetime.now(UTC).date() + timedelta(days=days)
