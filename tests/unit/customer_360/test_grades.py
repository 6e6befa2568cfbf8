"""What is known of a customer leaves the band of its grade, surely, before anybody is told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from customer_360.customers.fold import Customer
from customer_360.deals.fold import Deal
from customer_360.grades.estimate import GradeModel, GradePolicy, Measured, suggestion_of
from customer_360.grades.suggesting import tickets_since, weighted_of
from customer_360.tickets.fold import Ticket
from shared.contracts.contacts import GradeComponent, GradeProposal, Grading
from shared.contracts.customer_360 import GradeSuggested

from tests.records import NOBODY

GRADED = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOW = GRADED + timedelta(days=10)
WEIGHTS = {
    "contribution": "0.40",
    "payment": "0.20",
    "potential": "0.20",
    "loyalty": "0.10",
    "cost-to-serve": "-0.10",
}
POLICY = GradePolicy(
    1,
    {part: Decimal(weight) for part, weight in WEIGHTS.items()},
    {grade: Decimal(score) for grade, score in zip("ABCDE", (80, 60, 40, 20, 0), strict=True)},
    {"window_days": Decimal(365), "full_years": Decimal(5), "full_tickets": Decimal(24)},
)
MODEL = GradeModel(margin=Decimal(3), unplaced_level=Decimal(50))
THEN = Measured({"EUR": Decimal(1000)}, {"EUR": Decimal(200)}, 0, None)


def part(name: str, level: int, **inputs: int) -> GradeComponent:
    weight = Decimal(WEIGHTS[name])
    return GradeComponent.model_validate(
        {
            "component": name,
            "weight": weight,
            "inputs": inputs,
            "level": level,
            "points": weight * level,
        }
    )


PARTS = (
    part("contribution", 70, revenue=1000, percentile=70),
    part("payment", 50, invoices=0, late=0),
    part("potential", 50, open_weighted=200, percentile=50),
    part("loyalty", 40, years=2),
    part("cost-to-serve", 0, tickets=0),
)
"""28 + 10 + 10 + 4 − 0: the score is 52, grade C."""


def customer(**changes: Any) -> Customer:
    grading = {
        "grade": "C",
        "score": 52,
        "components": PARTS,
        "policy_version": 1,
        "service_level": "silver",
        "decided_by": "policy",
        "graded_at": GRADED,
        "next_review_at": GRADED + timedelta(days=180),
        **changes,
    }
    return Customer(NOBODY, 3, lifecycle="customer", grading=Grading.model_validate(grading))


def look(
    known: Customer | None = None, at: datetime = NOW, **measured: Any
) -> GradeSuggested | None:
    return suggestion_of(known or customer(), POLICY, MODEL, replace(THEN, **measured), at)


def points(suggested: GradeSuggested | None) -> dict[str, Decimal]:
    assert suggested is not None
    return {each.component: each.points for each in suggested.components}


def hash_of(suggested: GradeSuggested | None) -> str:
    assert suggested is not None
    return suggested.input_hash


def test_figures_that_did_not_move_suggest_nothing() -> None:
    assert look() is None


def test_more_revenue_moves_its_place_in_proportion_and_suggests_the_better_grade() -> None:
    suggested = look(revenue={"EUR": Decimal(1500)})
    assert points(suggested)["contribution"] == 40  # 105 %, which is all
    assert suggested is not None
    assert (suggested.current_grade, suggested.suggested_grade) == ("C", "B")
    assert suggested.score == sum(points(suggested).values())


def test_a_band_is_left_only_beyond_its_edge_by_the_margin() -> None:
    assert look(revenue={"EUR": Decimal(1350)}) is None  # 62
    assert look(revenue={"EUR": Decimal(1400)}) is not None  # 63.2


def test_tickets_and_what_they_say_of_us_pull_down() -> None:
    assert look(tickets=24) is None  # 42: still a C
    suggested = look(tickets=24, nps=0)  # 40
    assert suggested is None
    suggested = look(tickets=24, nps=0, open_weighted={"EUR": Decimal(100)})
    assert suggested is not None
    assert (suggested.suggested_grade, points(suggested)["loyalty"]) == ("D", Decimal("2.03"))
    assert points(suggested)["cost-to-serve"] == -10


def test_what_had_no_place_before_gets_the_middle_until_it_is_cut() -> None:
    bare = customer(
        components=(part("contribution", 0), *PARTS[1:3], part("loyalty", 40, years=2), PARTS[4]),
        score=24,
        grade="D",
    )
    suggested = look(bare, revenue={"EUR": Decimal(1)})
    assert suggested is not None
    assert (points(suggested)["contribution"], suggested.suggested_grade) == (20, "C")


def test_in_several_currencies_the_place_stays() -> None:
    both = {"EUR": Decimal(9000), "USD": Decimal(9000)}
    assert look(revenue=both) is None


def test_a_grade_that_was_kept_by_a_person_is_measured_against_its_score() -> None:
    kept = customer(grade="A", decided_by="user:ada")
    assert look(kept) is None
    suggested = look(kept, revenue={"EUR": Decimal(1500)})
    assert suggested is not None
    assert (suggested.current_grade, suggested.suggested_grade) == ("A", "B")


def test_what_is_proposed_already_is_not_suggested() -> None:
    proposal = GradeProposal(
        grade="B", score=Decimal(70), policy_version=1, proposed_at=GRADED + timedelta(days=1)
    )
    assert look(customer(proposal=proposal), revenue={"EUR": Decimal(1500)}) is None


@pytest.mark.parametrize(
    "changes",
    [{"lifecycle": "prospect"}, {"record_status": "merged"}, {"grading": None}],
    ids=["prospect", "merged", "ungraded"],
)
def test_only_customers_who_are_graded_are_looked_at(changes: dict[str, Any]) -> None:
    assert look(replace(customer(), **changes), revenue={"EUR": Decimal(1500)}) is None


def test_the_hash_is_of_the_figures_and_the_grade_in_force_not_of_the_time() -> None:
    more = {"EUR": Decimal(1500)}
    again = customer(graded_at=GRADED + timedelta(days=1))
    first = hash_of(look(revenue=more))
    assert hash_of(look(revenue=more, at=NOW + timedelta(days=20))) == first
    assert hash_of(look(revenue={"EUR": Decimal("1500.00")})) == first
    assert hash_of(look(revenue={"EUR": Decimal(1501)})) != first
    assert hash_of(look(again, revenue=more)) != first


def test_open_deals_count_by_their_probability_and_tickets_of_the_window() -> None:
    deals = [
        Deal(NOBODY, 1, NOBODY, amount=Decimal(100), currency="EUR", probability=25),
        Deal(NOBODY, 1, NOBODY, amount=Decimal(50), currency="EUR", probability=10),
        Deal(NOBODY, 1, NOBODY, status="won", amount=Decimal(9), currency="EUR", probability=100),
    ]
    assert weighted_of(deals) == {"EUR": Decimal("30.00")}
    tickets = [
        Ticket(NOBODY, 1, NOBODY, received_at=NOW),
        Ticket(NOBODY, 1, NOBODY, status="cancelled", received_at=NOW),
        Ticket(NOBODY, 1, NOBODY, received_at=GRADED),
        Ticket(NOBODY, 1, NOBODY),
    ]
    assert tickets_since(tickets, NOW - timedelta(days=1)) == 1
