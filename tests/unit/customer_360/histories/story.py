"""Histories for the projection's tests: one customer's story, each aggregate's facts in order."""

from shared.contracts.topic import Event

from tests.unit.customer_360.histories.commitments import CommitmentFacts
from tests.unit.customer_360.histories.customers import CustomerFacts
from tests.unit.customer_360.histories.deals import DealFacts
from tests.unit.customer_360.histories.marketing import MarketingFacts
from tests.unit.customer_360.histories.merges import MergeFacts
from tests.unit.customer_360.histories.orders import OrderFacts
from tests.unit.customer_360.histories.partners import PartnerFacts
from tests.unit.customer_360.histories.people import PersonFacts
from tests.unit.customer_360.histories.permissions import PermissionFacts
from tests.unit.customer_360.histories.service import ServiceFacts
from tests.unit.customer_360.histories.times import at
from tests.unit.customer_360.histories.touches import TouchFacts


class Story(
    CustomerFacts,
    PersonFacts,
    TouchFacts,
    PermissionFacts,
    MergeFacts,
    PartnerFacts,
    DealFacts,
    OrderFacts,
    CommitmentFacts,
    ServiceFacts,
    MarketingFacts,
):
    """All that the services tell of one customer; another name is another customer."""

    def history(self) -> list[list[Event]]:
        """Every aggregate's facts in order; the version of a fact is its place, from 1."""
        return [
            [
                self.customer_state(),
                self.customer_state(lifecycle="customer", lifecycle_since=at(72)),
            ],
            [self.contact_state(memberships=()), self.contact_state()],
            [self.question_asked(), self.consent_granted(), self.consent_withdrawn()],
            [self.suppression_added(), self._lifted()],
            [self._lead(), self._lead_assigned(), self._lead_converted()],
            self._deal(),
            [self.order(1), self._order_paid(), self._order_revised()],
            [self.order(2, "10.00"), self._order_cancelled()],
            self._ticket(),
            [self.clock_started(), self._clock_paused(), self.clock_breached(), self.clock_met()],
            [self._survey()],
            [self._held(), self.message_sent(), self.message_clicked()],
            [self._identity()],
            [self._duplicate(), self._no_duplicate()],
            [self._response()],
            [self._campaign()],
            [self._owner_changed()],
            self._handover(),
            [self.restricted(), self.restriction_lifted()],
            [self.touch(), self.touch_corrected()],
            [self.relationship(), self.relationship_ended()],
            [self.preference(), self.preference("evening")],
            [self.household(), self.household("member-added", self.spouse)],
            [
                self.partner_onboarded(),
                self.partner_active(),
                self.rep_registered(),
                self.rep_certified(),
                self.rep_certified("more", 20),
                self.rep_expired(),
            ],
            self.kept_late(),
            [self.merged_with(self.twin), self.merge_undone(self.twin)],
            [self.person_merged_with(self.twin_person)],
        ]
