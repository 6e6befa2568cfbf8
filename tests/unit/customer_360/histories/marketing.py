"""What is told of a campaign, of a message of it, and of the answer."""

from typing import Any

from shared.contracts import campaigns
from shared.contracts.topic import Event

from tests.unit.customer_360.histories.ids import Ids, an_id
from tests.unit.customer_360.histories.times import at


class MarketingFacts(Ids):
    def _campaign(self) -> Event:
        return campaigns.CampaignPlanned(
            campaign_id=an_id("campaign", self.name),
            name="Spring",
            campaign_type="email",
            objective="promotion",
            purpose="marketing",
            segment_ids=(),
            owner_id="mia",
        )

    def _message(self) -> dict[str, Any]:
        return {
            "message_id": self.message,
            "send_id": "s-1",
            "campaign_id": an_id("campaign", self.name),
            "contact_id": self.contact,
        }

    def _held(self) -> Event:
        return campaigns.MessageHeld(**self._message(), reason_code="open-ticket", held_at=at(6))

    def message_sent(self) -> campaigns.MessageSent:
        return campaigns.MessageSent(**self._message(), subject_template="Hello", sent_at=at(10))

    def message_clicked(self) -> campaigns.MessageClicked:
        return campaigns.MessageClicked(**self._message(), link_id="main", clicked_at=at(10.5))

    def message_suppressed(self) -> campaigns.MessageSuppressed:
        return campaigns.MessageSuppressed(
            **self._message(), reason_code="consent", suppressed_at=at(12)
        )

    def _response(self) -> Event:
        return campaigns.ResponseRecorded(
            response_id=self.response,
            campaign_id=an_id("campaign", self.name),
            contact_id=self.contact,
            kind="click",
            score_delta=5,
            occurred_at=at(10.5),
        )
