"""The storyteller: does to the running system what a story says, and keeps the model beside it.

The stories are synchronous; everything else runs on an event loop in a thread of its own.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from devstack.demo.story.cast import in_days
from shared.ids import new_id

from tests.faults.client import Client, Json, Promises
from tests.faults.erp import Erp
from tests.faults.history import History
from tests.faults.model import Deal, Model, Person, Ticket, shown
from tests.faults.oracle import rest
from tests.faults.rig import Rig
from tests.faults.travelling import (
    CAMPAIGN,
    CONSENT,
    CONTACT,
    CUSTOMER,
    DEAL,
    LEAD,
    SEGMENT,
    TICKET,
)
from tests.faults.waiting import eventually

T = TypeVar("T")

A_STEP_MAY_TAKE = 240.0
PATIENCE = 60.0


@dataclass
class Storyteller:
    """One test's stories, one after the other; each has a model of its own."""

    rig: Rig
    loop: asyncio.AbstractEventLoop
    client: Client
    erp: Erp
    history: History
    model: Model = field(default_factory=Model)
    told: Counter[str] = field(default_factory=Counter[str])
    examples: int = 0

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(A_STEP_MAY_TAKE)

    def begin(self) -> None:
        self.model = Model()
        self.examples += 1

    def create(self) -> None:
        """A customer and its person."""
        ref = str(new_id())
        customer = self.do(
            "create-customer",
            "contacts/v1/customers",
            {
                "kind": "organization",
                "display_name": f"Model {ref}",
                "owner_id": "anna",
                "external_ids": [{"system": "erp", "id": ref}],
            },
            CUSTOMER,
        )
        customer_id = customer["customer_id"]
        self.model.names[customer_id] = f"Model {ref}"
        self.model.owners[customer_id], self.model.tags[customer_id] = "anna", []
        person = self.do(
            "create-contact",
            "contacts/v1/contacts",
            {
                "given_name": "Kim",
                "family_name": ref,
                "points": [{"type": "email", "value": f"{ref}@model.example", "is_primary": True}],
                "memberships": [{"customer_id": customer_id, "is_primary": True}],
            },
            CONTACT,
        )
        self.model.people[person["contact_id"]] = Person(customer_id)

    def update(self, which: int, owner: str) -> None:
        customer_id = picked(self.model.present, which)
        path, tag = f"contacts/v1/customers/{customer_id}", str(new_id())
        self.do("update-customer", path, {"tags": [tag]}, CUSTOMER, method="PATCH")
        self.model.tags[customer_id] = [tag]
        body = {"owner_id": owner, "reason_code": "model"}
        self.do("change-owner", f"{path}/owner", body, CUSTOMER)
        self.model.owners[customer_id] = owner

    def consent(self, which: int, *, is_granted: bool, has_evidence: bool) -> None:
        """After a no, only evidence of a new act of the person makes it a yes again."""
        person_id = picked(self.model.people, which)
        person = self.model.people[person_id]
        act, evidence = "grant" if is_granted else "withdraw", str(new_id())
        body = {"channel": "email", "purpose": "marketing", "source": "model"}
        body |= {"evidence_ref": evidence} if has_evidence else {}
        path = f"contacts/v1/contacts/{person_id}/consents/{act}"
        answer = self.attempt(f"{act}-consent", path, body, CONSENT)
        after_a_no = person.consent in {"denied", "withdrawn"}
        if is_granted and after_a_no and not has_evidence:
            self._expect(answer, is_refused=True, status="granted")
            return
        person.consent = person.after(is_granted=is_granted)
        self._expect(answer, is_refused=False, status=person.consent)

    def open_deal(self, which: int, amount: int) -> None:
        customer_id = picked(self.model.names, which)
        now = self.model.now(customer_id)
        deal = self.do(
            "open-deal",
            "pipeline/v1/deals",
            {**_terms(amount), "customer_id": customer_id, "owner_id": "anna"},
            DEAL,
        )
        self.model.deals[deal["deal_id"]] = Deal(now, Decimal(amount))

    def convert(self, amount: int) -> None:
        """A lead is worked to its end: customer, person and deal come of it, everywhere."""
        name = str(new_id())
        body = {"name": "Sam Lead", "company": name, "source": "fair", "channel": "phone"}
        lead = self.do(
            "create-lead", "pipeline/v1/leads", {**body, "email": f"{name}@model.example"}, LEAD
        )
        path = f"pipeline/v1/leads/{lead['lead_id']}"
        assert self.attempt("convert-lead", f"{path}/convert", {}, LEAD) is None, "it is new"
        self.told["refused"] += 1
        self.do("assign-lead", f"{path}/assign", {"owner_id": "anna"}, LEAD)
        self.do("contact-lead", f"{path}/contact", {}, LEAD)
        self.do("qualify-lead", f"{path}/qualify", {}, LEAD)
        lead = self.do("convert-lead", f"{path}/convert", {"deal": _terms(amount)}, LEAD)
        customer_id = lead["customer_id"]
        self.model.names[customer_id] = name
        self.model.owners[customer_id], self.model.tags[customer_id] = "anna", []
        self.model.people[lead["contact_id"]] = Person(customer_id)
        self.model.deals[lead["deal_id"]] = Deal(customer_id, Decimal(amount))
        self._await_known("contacts", f"customers/{customer_id}")
        self._await_known("contacts", f"contacts/{lead['contact_id']}")

    def win(self, which: int, *, is_onboarded: bool) -> None:
        deal_id = picked(self.model.deals, which)
        deal = self.model.deals[deal_id]
        body = {"requires_onboarding": is_onboarded, "waiver_reason": "model"}
        path = f"pipeline/v1/deals/{deal_id}/win"
        answer = self.attempt("win-deal", path, body, DEAL)
        self._expect(answer, is_refused=deal.status == "lost", status="won")
        if deal.status == "open":
            deal.status, deal.is_onboarded = "won", is_onboarded
            deal.won_by = self.model.now(deal.customer_id)

    def lose(self, which: int) -> None:
        deal_id = picked(self.model.deals, which)
        deal = self.model.deals[deal_id]
        path = f"pipeline/v1/deals/{deal_id}/lose"
        answer = self.attempt("lose-deal", path, {"reason_code": "price"}, DEAL)
        self._expect(answer, is_refused=deal.status == "won", status="lost")
        if deal.status == "open":
            deal.status = "lost"

    def reopen(self, which: int) -> None:
        deal_id = picked(self.model.deals, which)
        body = {"reason_code": "booked-in-error", "approved_by": "boss"}
        answer = self.attempt("reopen-deal", f"pipeline/v1/deals/{deal_id}/reopen", body, DEAL)
        self._expect(answer, is_refused=False, status="open")
        self.model.deals[deal_id].status = "open"

    def open_ticket(self, which: int, severity: int) -> None:
        customer_id = picked(self.model.names, which)
        body = {
            "customer_id": customer_id,
            "channel": "phone",
            "ticket_type": "repair",
            "subject": "It is dark",
            "severity": severity,
        }
        ticket = self.do("open-ticket", "service-desk/v1/tickets", body, TICKET)
        now = self.model.now(customer_id)
        self.model.tickets[ticket["ticket_id"]] = Ticket(now, severity)

    def resolve(self, which: int) -> None:
        ticket_id = picked(self.model.tickets, which)
        ticket = self.model.tickets[ticket_id]
        path = f"service-desk/v1/tickets/{ticket_id}"
        begun = self.attempt("begin-work", f"{path}/status", {"to": "in-progress"}, TICKET)
        self._expect(begun, is_refused=not ticket.is_open, status="in-progress")
        body = {"resolution_code": "fixed", "root_cause": "blown-fuse"}
        answer = self.attempt("resolve-ticket", f"{path}/resolve", body, TICKET)
        self._expect(answer, is_refused=False, status="resolved")
        ticket.is_open = False

    def launch(self, which: int) -> None:
        """Write to a person, once, at rest: whether the gate lets it through is then certain.

        Whose mail it is where their customer is one of several, the model does not say.
        """
        person_id = picked(self.model.people, which)
        person = self.model.people[person_id]
        if self.model.is_one_of_several(person.customer_id):
            return
        if person.is_launched_at or self.model.critical_of(person.customer_id):
            return
        self.wait(rest(self.rig))
        segment = self.do(
            "create-segment",
            "campaigns/v1/segments",
            {"name": f"Segment {new_id()}", "kind": "static"},
            SEGMENT,
        )
        path = f"campaigns/v1/segments/{segment['segment_id']}/members"
        self.do("add-members", path, {"contact_ids": [person_id]}, SEGMENT)
        planned = self.do(
            "plan-campaign",
            "campaigns/v1/campaigns",
            {
                "name": f"Campaign {new_id()}",
                "campaign_type": "email",
                "objective": "promotion",
                "purpose": "marketing",
                "segment_ids": [segment["segment_id"]],
                "subject": "An offer",
                "body_text": "Dear customer,\n\nlook here: https://rapport.example/offer\n",
                "link_url": "https://rapport.example/offer",
            },
            CAMPAIGN,
        )
        path = f"campaigns/v1/campaigns/{planned['campaign_id']}/launch"
        self.do("launch-campaign", path, {}, CAMPAIGN)
        person.is_launched_at, person.mails = True, int(person.may_be_written_to)
        self.wait(rest(self.rig))
        self.told["launched"] += 1

    def read_own_writes(self) -> None:
        """The newest of each sort is answered by its own service as it was just made."""
        model = self.model
        if model.names:
            customer_id = _last(model.present)
            seen = self._await_known("contacts", f"customers/{customer_id}")
            assert seen["display_name"] == model.names[customer_id]
            assert sorted(seen["tags"]) == sorted(model.tags[customer_id])
        if model.deals:
            deal_id = _last(model.deals)
            seen = self._await_known("pipeline", f"deals/{deal_id}")
            deal = model.deals[deal_id]
            assert (seen["status"], Decimal(seen["amount"])) == (deal.status, deal.amount)

    def compare(self) -> None:
        """At rest, with everybody back: the 360 shows of each customer what the model says."""
        for name, process in self.rig.processes.items():
            if process.armed:
                self.rig.restart(name)
        self.rig.await_ready()
        self.wait(rest(self.rig))
        for customer_id in self.model.present:
            view = self._await_known("customer-360", f"customers/{customer_id}")
            seen, wanted = shown(view), self.model.view(customer_id)
            wrong = {
                what: (seen[what], wanted[what]) for what in wanted if seen[what] != wanted[what]
            }
            assert not wrong, f"{customer_id} shows, and should show: {wrong}"
            self.told["compared"] += 1

    def _expect(self, answer: Json | None, *, is_refused: bool, status: str) -> None:
        if is_refused:
            assert answer is None, answer
            self.told["refused"] += 1
        else:
            assert answer is not None
            assert answer["status"] == status
            self.told[status] += 1

    def do(
        self, name: str, path: str, body: Json, promises: Promises, method: str = "POST"
    ) -> Json:
        """A command that nothing speaks against."""
        answer = self.attempt(name, path, body, promises, method)
        assert answer is not None, f"{name} was refused: {self.history.commands[-1]}"
        self.told[name] += 1
        return answer

    def attempt(
        self, name: str, path: str, body: Json, promises: Promises, method: str = "POST"
    ) -> Json | None:
        return self.wait(self.client.command(name, path, body, promises=promises, method=method))

    def _await_known(self, service: str, path: str) -> Json:
        async def look() -> Json | None:
            return await self.client.peek(f"{service}/v1/{path}")

        return self.wait(eventually(look, f"{service} knows {path}", PATIENCE))


def picked(things: Iterable[str], which: int) -> str:
    ids = list(things)
    return ids[which % len(ids)]


def _last(things: Iterable[str]) -> str:
    return list(things)[-1]


def _terms(amount: int) -> dict[str, str]:
    return {
        "name": f"Deal {amount}",
        "amount": f"{amount}.00",
        "currency": "EUR",
        "expected_close_date": in_days(20).isoformat(),
    }
