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
    """A deal of whomever its customer means; `won_by` is who that was when it was won."""

    customer_id: str
    amount: Decimal
    status: str = "open"
    is_onboarded: bool = False
    won_by: str = ""


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


@dataclass(frozen=True)
class Merge:
    """Two customers that are one; `came` are the tags that only the merged one had."""

    merge_id: str
    survivor_id: str
    merged_id: str
    came: tuple[str, ...]


@dataclass
class Model:
    """Everything by its id, in the order of its making.

    What was said of a customer is of whomever its id meant then, and means now.
    """

    names: dict[str, str] = field(default_factory=dict[str, str])
    owners: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    tags: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    people: dict[str, Person] = field(default_factory=dict[str, Person])
    deals: dict[str, Deal] = field(default_factory=dict[str, Deal])
    tickets: dict[str, Ticket] = field(default_factory=dict[str, Ticket])
    orders: dict[str, list[Decimal]] = field(default_factory=dict[str, "list[Decimal]"])
    merges: list[Merge] = field(default_factory=list[Merge])

    @property
    def merged_into(self) -> dict[str, str]:
        return {merge.merged_id: merge.survivor_id for merge in self.merges}

    @property
    def present(self) -> list[str]:
        """The customers that are not another one."""
        return [customer_id for customer_id in self.names if self.now(customer_id) == customer_id]

    def now(self, customer_id: str) -> str:
        into = self.merged_into
        while customer_id in into:
            customer_id = into[customer_id]
        return customer_id

    def merge(self, merge_id: str, survivor_id: str, merged_id: str) -> None:
        """The names and the owner of the one that stays; the tags of both."""
        own = self.tags[survivor_id]
        came = tuple(tag for tag in self.tags[merged_id] if tag not in own)
        self.tags[survivor_id] = [*own, *came]
        self.merges.append(Merge(merge_id, survivor_id, merged_id, came))

    def part(self) -> None:
        """The last merge is undone: the merged one has what it had, and the other what came."""
        last = self.merges.pop()
        theirs = self.tags[last.survivor_id]
        self.tags[last.survivor_id] = [tag for tag in theirs if tag not in last.came]

    def is_one_of_several(self, customer_id: str) -> bool:
        """Whether somebody else was merged with it and not parted yet."""
        return any(customer_id in {m.survivor_id, m.merged_id} for m in self.merges)

    def deals_of(self, customer_id: str, status: str) -> dict[str, Deal]:
        return {
            deal_id: deal
            for deal_id, deal in self.deals.items()
            if (self.now(deal.customer_id), deal.status) == (customer_id, status)
        }

    def open_tickets_of(self, customer_id: str) -> dict[str, Ticket]:
        return {
            ticket_id: ticket
            for ticket_id, ticket in self.tickets.items()
            if self.now(ticket.customer_id) == customer_id and ticket.is_open
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
        wins = [
            deal
            for deal in self.deals.values()
            if deal.status == "won" and self.now(deal.won_by) == customer_id
        ]
        people = {
            person_id: person
            for person_id, person in self.people.items()
            if self.now(person.customer_id) == customer_id
        }
        orders = [
            total
            for id_, totals in self.orders.items()
            if self.now(id_) == customer_id
            for total in totals
        ]
        return {
            "name": self.names[customer_id],
            "owner": self.owners[customer_id],
            "tags": sorted(self.tags[customer_id]),
            "lifecycle": "customer" if wins or orders else "prospect",
            "may be written to": {
                person_id: person.may_be_written_to and not critical
                for person_id, person in people.items()
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
            "onboardings": sum(deal.is_onboarded for deal in wins),
            "orders": (len(orders), sum(orders, Decimal(0))),
            "mails": sum(person.mails for person in people.values()),
        }


def shown(view: Any) -> Shown:
    """The same of what the 360 answers; who was there while it was one of several has left it."""
    header, tickets = view["header"], view["service"]["open"]
    return {
        "name": header["display_name"],
        "owner": header["owner_id"],
        "tags": sorted(header["tags"]),
        "lifecycle": header["lifecycle"],
        "may be written to": {
            person["contact_id"]: person["contactable_now"]["email:marketing"]["ok"]
            for person in view["people"]
            if not person["left"]
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
