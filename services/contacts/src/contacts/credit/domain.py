"""How a credit limit is made: by a policy that is data, with what it rests on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from uuid import UUID

from shared.contracts.contacts import CreditBasis, Grade
from shared.errors import InvalidError

_MONTH = Decimal(30)
_CENT = Decimal("0.01")


class LimitMissingError(InvalidError):
    """The policy has no cap in this currency: name the limit."""


@dataclass(frozen=True, slots=True)
class CreditPolicy:
    """The figures of rule 6; `caps` by currency and grade, the most that a limit may be."""

    policy_version: int
    factor: Decimal
    terms_days: int
    window_days: int
    hold_overdue_days: int
    valid_days: int
    caps: Mapping[tuple[str, Grade], Decimal]

    def valid_until(self, at: datetime) -> datetime:
        return at + timedelta(days=self.valid_days)


@dataclass(frozen=True, slots=True)
class Owed:
    """What the orders of a customer say in one currency.

    `exposure` is neither paid nor cancelled; of it `overdue_amount` is invoiced for longer than the
    terms, the oldest for `overdue_days` more. `purchases` are those of the policy's window.
    """

    customer_id: UUID
    exposure: Decimal
    overdue_amount: Decimal
    overdue_days: int
    purchases: Decimal
    avg_days_to_pay: Decimal | None


def basis_of(
    policy: CreditPolicy, grade: Grade | None, currency: str, terms_days: int, owed: Owed
) -> CreditBasis | None:
    """The limit that the policy suggests, and why; None where it knows no cap in this currency.

    Whoever has no grade yet has the cap of the lowest.
    """
    cap = policy.caps.get((currency, grade or "E"))
    if cap is None:
        return None
    monthly = owed.purchases * _MONTH / policy.window_days
    ratio = owed.overdue_amount / owed.exposure if owed.exposure else Decimal(0)
    wanted = min(cap, policy.factor * monthly * terms_days / _MONTH) * (1 - ratio)
    return CreditBasis(
        policy_version=policy.policy_version,
        grade=grade,
        cap=cap,
        factor=policy.factor,
        average_monthly=monthly.quantize(_CENT, ROUND_DOWN),
        overdue_ratio=ratio.quantize(Decimal("0.0001"), ROUND_DOWN),
        window_days=policy.window_days,
        avg_days_to_pay=owed.avg_days_to_pay,
        suggested=wanted.quantize(_CENT, ROUND_DOWN),
    )
