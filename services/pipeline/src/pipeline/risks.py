"""Dangers to a deal: one flag per code and cause, however often it is raised or cleared."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from shared.contracts.pipeline import RiskCode, RiskSeverity

Dangers: TypeAlias = Mapping[RiskCode, RiskSeverity]

TICKET_RISKS: tuple[RiskCode, ...] = ("open-critical-ticket", "sla-breached")
"""Dangers that come and go with a ticket."""

CREDIT_HOLD: RiskCode = "credit-hold"
"""The danger that comes and goes with a credit hold in contacts."""


@dataclass(frozen=True, slots=True)
class Risk:
    code: str
    severity: RiskSeverity
    cause_id: UUID | None
    since: datetime


def find_risk(risks: tuple[Risk, ...], code: str, cause_id: UUID | None) -> Risk | None:
    return next((risk for risk in risks if (risk.code, risk.cause_id) == (code, cause_id)), None)


def with_risk(risks: tuple[Risk, ...], flagged: Risk) -> tuple[Risk, ...]:
    return (*without_risk(risks, flagged.code, flagged.cause_id), flagged)


def without_risk(risks: tuple[Risk, ...], code: str, cause_id: UUID | None) -> tuple[Risk, ...]:
    return tuple(risk for risk in risks if (risk.code, risk.cause_id) != (code, cause_id))
