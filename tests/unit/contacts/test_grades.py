"""Grades: what a policy makes of figures, what is reviewed, proposed, approved and published."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from contacts.customers.domain import Customer, carry_out
from contacts.customers.grading import (
    ApproveGrade,
    GradeNotProposedError,
    NothingProposedError,
    ReviewGrade,
    Suggestion,
)
from contacts.grades.domain import (
    BandsNotFallingError,
    DryRun,
    DryRunMissingError,
    Figures,
    GradeMissingError,
    GradePolicy,
    GradeRules,
    NewerPolicyIsPublishedError,
    PublishGradePolicy,
    note_page,
    publish,
    require_whole,
    suggest,
)
from contacts.records import RecordIsArchivedError
from shared.contracts.contacts import (
    CustomerGraded,
    CustomerGradeReviewDue,
    Grade,
    GradePolicyPublished,
)

from tests.unit.contacts.test_customers import AT, customer

ID = UUID(int=1)
RULES = GradeRules.model_validate(
    {
        "weights": {
            "contribution": "0.40",
            "payment": "0.20",
            "potential": "0.20",
            "loyalty": "0.10",
            "cost-to-serve": "-0.10",
        },
        "bands": {"A": 80, "B": 60, "C": 40, "D": 20, "E": 0},
        "review_days": {"A": 90, "B": 90, "C": 180, "D": 180, "E": 180},
        "service_levels": {"A": "platinum", "B": "gold", "C": "silver", "D": "basic", "E": "basic"},
    }
)
POLICY = GradePolicy(UUID(int=9), 2, "draft", RULES, AT, "user:ada", AT)
BEST = Figures(
    customer_id=ID,
    grade=None,
    revenue=Decimal(90_000),
    revenue_percentile=Decimal(100),
    weighted=Decimal(1000),
    weighted_percentile=Decimal(100),
    invoices=4,
    late=0,
    years=Decimal(6),
    nps=10,
    tickets=0,
)
UNKNOWN = Figures(ID, None, None, None, None, None, 0, 0, Decimal(0), None, 0)
SOON = AT + timedelta(days=1)
PUBLISH = PublishGradePolicy(is_tried=True, newest=1, published_by="user:ada", at=AT)


def suggested(grade: Grade, version: int = 1, score: int = 50) -> Suggestion:
    return Suggestion(grade, Decimal(score), (), version, "gold", AT + timedelta(days=90))


def graded(grade: Grade, **fields: object) -> Customer:
    return carry_out(customer(**fields), ReviewGrade(suggested(grade), AT)).after


def test_the_best_figures_are_an_a_and_every_point_is_explained() -> None:
    found = suggest(POLICY, BEST, AT)
    assert (found.grade, found.score, found.service_level) == ("A", Decimal("90.00"), "platinum")
    assert found.next_review_at == AT + timedelta(days=90)
    assert sum(each.points for each in found.components) == found.score
    assert all(each.points == each.weight * each.level for each in found.components)
    contribution = found.components[0]
    assert contribution.inputs == {"revenue": Decimal(90_000), "percentile": Decimal(100)}


def test_what_nobody_knows_counts_for_nothing_but_payment_which_is_neutral() -> None:
    found = suggest(POLICY, UNKNOWN, AT)
    assert (found.grade, found.score) == ("E", Decimal("10.00"))
    assert found.components[0].inputs == {}


def test_tickets_cost_points_and_the_score_never_falls_below_zero() -> None:
    dear = replace(UNKNOWN, tickets=500, invoices=1, late=1)
    assert suggest(POLICY, dear, AT).score == 0
    assert suggest(POLICY, replace(BEST, tickets=12), AT).score == Decimal("85.00")


def test_late_payment_and_a_bad_word_lower_the_score() -> None:
    found = suggest(POLICY, replace(BEST, late=2, nps=0), AT)
    levels = {each.component: each.level for each in found.components}
    assert (levels["payment"], levels["loyalty"]) == (50, 50)


def test_the_first_review_gives_a_grade() -> None:
    change = carry_out(customer(), ReviewGrade(suggested("B"), AT))
    [fact] = change.facts
    assert isinstance(fact, CustomerGraded)
    assert (fact.from_grade, fact.to_grade, fact.decided_by) == (None, "B", "policy")
    assert change.after.state.grading is not None
    assert change.after.state.grading.grade == "B"


def test_a_review_before_its_time_stays_quiet() -> None:
    assert not carry_out(graded("B"), ReviewGrade(suggested("C"), SOON)).facts
    same = ReviewGrade(suggested("B"), SOON, is_asked=True)
    assert not carry_out(graded("B"), same).facts


def test_an_archived_customer_is_not_reviewed() -> None:
    archived = customer(record_status="archived")
    assert not carry_out(archived, ReviewGrade(suggested("B"), AT)).facts


def test_one_step_follows_at_once_when_it_is_time() -> None:
    due = AT + timedelta(days=90)
    change = carry_out(graded("B"), ReviewGrade(suggested("C"), due))
    assert [type(fact) for fact in change.facts] == [CustomerGradeReviewDue, CustomerGraded]


def test_a_newer_policy_is_time() -> None:
    change = carry_out(graded("B"), ReviewGrade(suggested("A", version=2), SOON))
    assert [type(fact) for fact in change.facts] == [CustomerGradeReviewDue, CustomerGraded]


def test_two_steps_wait_for_approval_and_are_not_proposed_twice() -> None:
    command = ReviewGrade(suggested("D", version=2), SOON)
    change = carry_out(graded("B"), command)
    [fact] = change.facts
    assert isinstance(fact, CustomerGradeReviewDue)
    grading = change.after.state.grading
    assert grading is not None
    assert grading.proposal is not None
    assert (grading.grade, grading.proposal.grade) == ("B", "D")
    assert not carry_out(change.after, command).facts
    assert not carry_out(change.after, replace(command, is_asked=True)).facts


def approval(grade: Grade) -> ApproveGrade:
    return ApproveGrade(grade, "gold", SOON + timedelta(days=180), "user:boss", SOON)


def test_an_approved_grade_is_in_force_and_a_repeat_stays_quiet() -> None:
    proposed = carry_out(graded("B"), ReviewGrade(suggested("D", 2), SOON)).after
    change = carry_out(proposed, approval("D"))
    [fact] = change.facts
    assert isinstance(fact, CustomerGraded)
    assert (fact.from_grade, fact.to_grade, fact.decided_by) == ("B", "D", "user:boss")
    assert change.after.state.grading is not None
    assert change.after.state.grading.proposal is None
    assert not carry_out(change.after, approval("D")).facts


def test_the_grade_in_force_can_be_kept_but_no_third_one_chosen() -> None:
    proposed = carry_out(graded("B"), ReviewGrade(suggested("D", 2), SOON)).after
    kept = carry_out(proposed, approval("B")).after.state.grading
    assert kept is not None
    assert (kept.grade, kept.proposal, kept.policy_version) == ("B", None, 2)
    with pytest.raises(GradeNotProposedError):
        carry_out(proposed, approval("A"))


def test_without_a_proposal_there_is_nothing_to_approve() -> None:
    with pytest.raises(NothingProposedError):
        carry_out(graded("B"), approval("D"))
    with pytest.raises(NothingProposedError):
        carry_out(customer(), approval("D"))
    archived = replace(graded("B"))
    state = archived.state.model_copy(update={"record_status": "archived"})
    with pytest.raises(RecordIsArchivedError):
        carry_out(Customer(state, 2), approval("D"))


def test_a_tried_draft_is_published_once() -> None:
    fact = publish(POLICY, PUBLISH)
    assert isinstance(fact, GradePolicyPublished)
    assert (fact.policy_version, fact.bands["A"]) == (2, 80)
    assert publish(replace(POLICY, status="published"), PUBLISH) is None


def test_an_untried_or_outrun_draft_is_not_published() -> None:
    with pytest.raises(DryRunMissingError):
        publish(POLICY, replace(PUBLISH, is_tried=False))
    with pytest.raises(NewerPolicyIsPublishedError):
        publish(POLICY, replace(PUBLISH, newest=3))


def test_a_policy_says_something_of_every_grade_and_part() -> None:
    require_whole(RULES)
    for part in ("bands", "review_days", "service_levels", "weights"):
        values = {
            name: value for name, value in getattr(RULES, part).items() if name not in "C payment"
        }
        with pytest.raises(GradeMissingError):
            require_whole(RULES.model_copy(update={part: values}))
    for bands in ({"A": 50, "B": 60, "C": 40, "D": 20, "E": 0}, {**RULES.bands, "E": 1}):
        with pytest.raises(BandsNotFallingError):
            require_whole(RULES.model_copy(update={"bands": bands}))


def test_a_dry_run_counts_changes_and_names_samples() -> None:
    run = DryRun(UUID(int=5), POLICY.policy_id, "running", "user:ada", AT)
    page = [replace(BEST, customer_id=UUID(int=n), grade="C") for n in range(1, 8)]
    done = note_page(run, POLICY, [*page, replace(BEST, customer_id=UUID(int=8), grade="A")], AT)
    assert done.changes == {"C>A": 7, "A>A": 1}
    assert [len(those) for those in done.samples.values()] == [5]
    assert done.samples["C>A"][0]["score"] == "90.00"
    assert (done.after_id, done.customers_done) == (UUID(int=8), 8)
    ended = note_page(done, POLICY, [], datetime(2026, 3, 1, tzinfo=UTC))
    assert (ended.status, ended.changes) == ("completed", done.changes)
