"""The contact policy: caps, pauses and scores. A version never changes; the highest one rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """How much is too much.

    `promotional_cap` messages per person within `cap_window`; severities up to
    `critical_severity` hold promotion back until `release_delay` after their end; a won deal
    stops nurture of its product lines for `nurture_pause`. Whoever was spoken to in one of
    `talk_kinds` by a department that is none of `own_departments` gets no promotion for
    `talk_pause`; at 0 it makes no difference. Nobody gets the mail of a campaign with an occasion
    again within `occasion_pause`.
    """

    policy_version: int
    promotional_cap: int
    cap_window: timedelta
    critical_severity: int
    release_delay: timedelta
    nurture_pause: timedelta
    attribution_window: timedelta
    response_scores: Mapping[str, int]
    talk_pause: timedelta = timedelta(0)
    talk_kinds: tuple[str, ...] = ()
    own_departments: tuple[str, ...] = ()
    occasion_pause: timedelta = timedelta(days=90)

    def score(self, response: str) -> int:
        """What a kind of response says of interest, in points; 0 where nobody has said."""
        return self.response_scores.get(response, 0)
