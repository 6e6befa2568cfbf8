"""Campaigns, messages and responses as sections of the projection."""

from customer_360.projecting import Reach, Section
from customer_360.touches.fold import (
    Campaign,
    Message,
    Response,
    campaign_fold,
    message_fold,
    response_fold,
)
from customer_360.touches.store import CAMPAIGNS, MESSAGES, RESPONSES


def _nobody(reach: Reach, campaign: Campaign) -> None:
    del reach, campaign


def _reach(reach: Reach, touch: Message | Response) -> None:
    reach.add(touch.customer_id, touch.contact_id if touch.customer_id is None else None)


CAMPAIGN_SECTION = Section(CAMPAIGNS, campaign_fold, _nobody)
MESSAGE_SECTION = Section(MESSAGES, message_fold, _reach)
RESPONSE_SECTION = Section(RESPONSES, response_fold, _reach)
