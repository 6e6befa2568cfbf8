"""What is answered of a record that is another one by now."""

from http import HTTPStatus
from uuid import UUID

from fastapi.responses import JSONResponse


def moved_to(path: str, current_id: UUID) -> JSONResponse:
    """The record is an alias of another, for ever: 308 with the place of that one."""
    return JSONResponse(
        {"merged_into": str(current_id)},
        status_code=HTTPStatus.PERMANENT_REDIRECT,
        headers={"Location": f"{path}/{current_id}"},
    )
