"""The table of commitments."""

from customer_360.commitments.fold import Commitment
from customer_360.guarded import GuardedTable

COMMITMENTS = GuardedTable("commitments", Commitment)
