"""Access requests: noted and acknowledged, and forgotten when they are answered."""

from shared.access_requests import answering

from customer_360.access_requests.figures import compute
from customer_360.access_requests.store import SECTIONS
from customer_360.erasing import privacy

consumer = answering(privacy, SECTIONS, compute)
