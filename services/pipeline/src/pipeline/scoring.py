"""What a lead's score and its grade are made of, and how soon each grade is owed an answer.

Models and policies are data with a version; a change is a new version, never an edit.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.contracts.pipeline import LeadGrade


@dataclass(frozen=True, slots=True)
class ScoreModel:
    """Points for what is known of the person (`fit`) and for what the person did (`engagement`).

    The total of both, 0–100, has the first grade whose bound it reaches.
    """

    version: int
    fit: dict[str, int]
    intake: int
    most_fit: int
    most_engagement: int
    grades: tuple[tuple[int, LeadGrade], ...]

    def fit_of(self, known: frozenset[str]) -> int:
        return min(self.most_fit, sum(self.fit.get(name, 0) for name in known))

    def reasons(self, known: frozenset[str]) -> tuple[str, ...]:
        """What weighed most, most first."""
        weighed = [name for name in known if name in self.fit]
        return tuple(sorted(weighed, key=lambda name: (-self.fit[name], name))[:3])

    def bounded(self, engagement: int) -> int:
        return max(0, min(self.most_engagement, engagement))

    def grade_of(self, total: int) -> LeadGrade:
        for bound, grade in self.grades:
            if total >= bound:
                return grade
        return "D"


@dataclass(frozen=True, slots=True)
class ResponsePolicy:
    """Hours after its arrival within which a lead of a grade is owed a first answer.

    `of_customers` are the hours of the customer's own grade, where they may be fewer.
    """

    version: int
    hours: dict[LeadGrade, int]
    of_customers: dict[str, int]

    def due_at(
        self, received_at: datetime, grade: LeadGrade, customer_grade: str | None = None
    ) -> datetime:
        hours = self.hours[grade]
        if customer_grade is not None:
            hours = min(hours, self.of_customers.get(customer_grade, hours))
        return received_at + timedelta(hours=hours)


SCORE_MODEL = ScoreModel(
    version=1,
    fit={"company": 10, "phone": 10, "product_interests": 10, "need": 5},
    intake=10,
    most_fit=50,
    most_engagement=50,
    grades=((75, "A"), (50, "B"), (25, "C")),
)
RESPONSE_POLICY = ResponsePolicy(
    version=2, hours={"A": 1, "B": 4, "C": 24, "D": 24}, of_customers={"A": 1, "B": 4}
)

GOOD_GRADES: frozenset[LeadGrade] = frozenset({"A", "B"})
"""A lead that reaches one of these is worth a salesperson's time at once."""
