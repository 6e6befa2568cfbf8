"""The door where contacts fetches what this service holds of a person."""

from shared.access_requests import part_router

from service_desk.access_requests.store import SECTIONS

router = part_router(SECTIONS)
