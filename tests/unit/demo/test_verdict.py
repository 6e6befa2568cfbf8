"""The demo's rates and its verdict are computed from what was seen, and say what differs."""

import json
from decimal import Decimal

from devstack.demo.accounts import Account, Accountant, Group
from devstack.demo.parity import Parity
from devstack.demo.purchases import Purchase, parse
from devstack.demo.story.play import BEATS, untold
from devstack.demo.verdict import Verdict, faults_of
from devstack.demo.watch import Sample, Watch
from shared.settings import KafkaSettings

TEXT = """ customer_id  date number_of_cds  dollar_value
 00001 19970101  1   11.77
 00002 19970112  1   12.00
"""
PURCHASES: list[Purchase] = parse(TEXT)
RIGHT = Parity(customers=2, orders=2, revenue=Decimal("23.77"), differences=())


def account(lag: int = 0) -> Account:
    orders = {"ext.erp.order.v1": 10}
    return Account(
        ends={"ext.erp.order.v1": 10 + lag, "crm.pipeline.order.events.v1": 7},
        groups={"rapport.pipeline.orders": Group(orders, {"ext.erp.order.v1": lag})},
    )


def test_a_run_in_which_all_is_right_has_no_faults() -> None:
    assert faults_of(account(), 0, RIGHT, PURCHASES, ()) == []


def test_each_wrong_figure_is_named() -> None:
    wrong = Parity(customers=2, orders=1, revenue=Decimal("11.77"), differences=("customer 2",))
    faults = faults_of(account(lag=3), 1, wrong, PURCHASES, ["pipeline.deal.won"])
    assert faults == [
        "records not applied: 3 instead of 0",
        "records parked: 1 instead of 0",
        "orders: 1 instead of 2",
        "revenue: 11.77 instead of 23.77",
        "the story's timeline has no pipeline.deal.won",
        "customer 2",
    ]


def test_published_counts_our_topics_and_applied_what_groups_went_through() -> None:
    seen = account(lag=3)
    assert (seen.published, seen.applied(), seen.applied("customer-360"), seen.lag) == (7, 10, 0, 3)
    assert seen.applied_of("ext.erp.order.v1") == 10


def test_the_json_has_the_revenue_as_a_string() -> None:
    verdict = Verdict(2, 2, Decimal("23.77"), 7, 10, 0, 0, 1.234, 5.678, "Apache Kafka 4", ())
    figures = json.loads(verdict.as_json())
    assert figures["revenue"] == "23.77"
    assert (figures["seconds_setup"], figures["seconds_demo"]) == (1.2, 5.7)


def test_a_story_lacks_the_beats_that_no_timeline_item_tells() -> None:
    told = (beat.split(".", 1) for beat in BEATS[1:])
    items = [{"service": service, "kind": kind} for service, kind in told]
    assert untold(items) == [BEATS[0]]


def test_rates_leave_out_the_time_before_the_first_and_after_the_last_record() -> None:
    watch = Watch(Accountant(KafkaSettings(bootstrap_servers="nowhere")), lambda _: None)
    counts = [(0.0, 0), (1.0, 0), (2.0, 100), (3.0, 300), (4.0, 300)]
    watch.samples = [Sample(at, count, 2 * count) for at, count in counts]
    assert watch.orders_rate() == 150
    assert watch.events_rate() == 300
    assert watch.events_peak() == 300
    assert watch.events_done_at() == 3.0
