"""The model: what the customers of one example are, as plain dicts and the rules of the business.

It knows nothing of services, topics or versions. Whatever crashes, is repeated or rebuilt: the
APIs answer and the 360 shows what these few lines say.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Shown = dict[str, Any]

CRITICAL = (1, 2)


@dataclass
class Deal:
    customer_id: str
    amount: Decimal
    status: str = "open"
    is_onboarded: bool = False


@dataclass
class Ticket:
    customer_id: str
    severity: int
    is_open: bool = True


@dataclass
class Person:
    customer_id: str
    consent: str | None = None
    mails: int = 0
    is_launched_at: bool = False

    @property
    def may_be_written_to(self) -> bool:
        return self.consent == "granted"

    def after(self, *, is_granted: bool) -> str:
        """What a person has said once they grant or withdraw: a first no is a denial."""
        if is_granted:
            return "granted"
        return {None: "denied", "granted": "withdrawn"}.get(self.consent, str(self.consent))


@dataclass
class Model:
    """Everything by its id, in the order of its making."""

    names: dict[str, str] = field(default_factory=dict[str, str])
    owners: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    tags: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    people: dict[str, Person] = field(default_factory=dict[str, Person])
    deals: dict[str, Deal] = field(default_factory=dict[str, Deal])
    tickets: dict[str, Ticket] = field(default_factory=dict[str, Ticket])
    orders: dict[str, list[Decimal]] = field(default_factory=dict[str, "list[Decimal]"])

    def deals_of(self, customer_id: str, status: str) -> dict[str, Deal]:
        return {
            deal_id: deal
            for deal_id, deal in self.deals.items()
            if (deal.customer_id, deal.status) == (customer_id, status)
        }

    def open_tickets_of(self, customer_id: str) -> dict[str, Ticket]:
        return {
            ticket_id: ticket
            for ticket_id, ticket in self.tickets.items()
            if ticket.customer_id == customer_id and ticket.is_open
        }

    def critical_of(self, customer_id: str) -> list[str]:
        return sorted(
            ticket_id
            for ticket_id, ticket in self.open_tickets_of(customer_id).items()
            if ticket.severity in CRITICAL
        )

    def view(self, customer_id: str) -> Shown:
        """What the 360 must show of a customer once everything is at rest."""
        won, critical = self.deals_of(customer_id, "won"), self.critical_of(customer_id)
        orders = self.orders.get(customer_id, [])
        return {
            "name": self.names[customer_id],
            "owner": self.owners[customer_id],
            "tags": sorted(self.tags[customer_id]),
            "lifecycle": "customer" if won or orders else "prospect",
            "may be written to": {
                person_id: person.may_be_written_to and not critical
                for person_id, person in self.people.items()
                if person.customer_id == customer_id
            },
            "open deals": {
                deal_id: (deal.amount, critical)
                for deal_id, deal in self.deals_of(customer_id, "open").items()
            },
            "won": len(won),
            "won amount": sum((deal.amount for deal in won.values()), Decimal(0)),
            "lost": len(self.deals_of(customer_id, "lost")),
            "open tickets": {
                ticket_id: ticket.severity
                for ticket_id, ticket in self.open_tickets_of(customer_id).items()
            },
            "onboardings": sum(deal.is_onboarded for deal in won.values()),
            "orders": (len(orders), sum(orders, Decimal(0))),
            "mails": sum(p.mails for p in self.people.values() if p.customer_id == customer_id),
        }


def shown(view: Any) -> Shown:
    """The same of what the 360 answers."""
    header, tickets = view["header"], view["service"]["open"]
    return {
        "name": header["display_name"],
        "owner": header["owner_id"],
        "tags": sorted(header["tags"]),
        "lifecycle": header["lifecycle"],
        "may be written to": {
            person["contact_id"]: person["contactable_now"]["email:marketing"]["ok"]
            for person in view["people"]
        },
        "open deals": {
            deal["deal_id"]: (
                Decimal(deal["amount"]),
                sorted(r["cause_id"] for r in deal["risks"] if r["code"] == "open-critical-ticket"),
            )
            for deal in view["deals"]["open"]
        },
        "won": view["deals"]["won_count"],
        "won amount": sum(map(Decimal, view["deals"]["won_amount"].values()), Decimal(0)),
        "lost": view["deals"]["lost_count"],
        "open tickets": {
            ticket["ticket_id"]: ticket["severity"]
            for ticket in tickets
            if ticket["ticket_type"] != "onboarding"
        },
        "onboardings": sum(ticket["ticket_type"] == "onboarding" for ticket in tickets),
        "orders": (
            view["orders"]["count"],
            sum(map(Decimal, view["orders"]["revenue"].values()), Decimal(0)),
        ),
        "mails": view["campaigns"]["sent"],
    }
