"""The journeys: what people do with each service, a few commands each, and how often."""

from tests.faults import journeys_of_customers as customers
from tests.faults import journeys_of_forgetting as forgetting
from tests.faults import journeys_of_leaving as leaving
from tests.faults import journeys_of_marketing as marketing
from tests.faults import journeys_of_merges as merges
from tests.faults import journeys_of_sales as sales
from tests.faults import journeys_of_service as service
from tests.faults import journeys_of_ties as ties
from tests.faults.travelling import Journey

JOURNEYS: tuple[tuple[Journey, int], ...] = (
    (customers.meet, 8),
    (customers.edit, 8),
    (customers.change_mind, 4),
    (sales.sell, 5),
    (sales.close_deal, 6),
    (sales.reopen_deal, 3),
    (marketing.submit, 5),
    (sales.follow_lead, 3),
    (sales.promise, 3),
    (sales.keep_promise, 2),
    (service.complain, 5),
    (service.answer, 4),
    (service.help_out, 5),
    (service.complain_again, 2),
    (marketing.campaign, 2),
    (marketing.read_letter, 6),
    (sales.order, 10),
    (customers.look, 10),
    (ties.live_together, 3),
    (ties.sell_for_us, 3),
    (leaving.leave, 1),
    (forgetting.forget, 1),
    (merges.merge_customers, 1),
    (merges.merge_people, 1),
    (merges.part_again, 2),
)
