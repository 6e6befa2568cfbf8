"""The door where contacts fetches what this service holds of a person."""

from shared.access_requests import part_router

from customer_360.access_requests.figures import compute
from customer_360.access_requests.store import SECTIONS

router = part_router(SECTIONS, compute)
