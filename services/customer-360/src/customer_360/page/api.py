"""Serves the page and its own files; there is no data in them."""

from importlib import resources

from fastapi import APIRouter, Response
from shared.errors import NotFoundError

router = APIRouter(include_in_schema=False)

_FOLDER = resources.files("customer_360.page") / "static"
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FILES = {
    file.name: media_type
    for file in _FOLDER.iterdir()
    for suffix, media_type in _MEDIA_TYPES.items()
    if file.name.endswith(suffix)
}
_SAFE = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class FileNotServedError(NotFoundError):
    """The page has no file of that name."""


@router.get("/")
async def page() -> Response:
    """The page."""
    return _file("index.html", "text/html; charset=utf-8")


@router.get("/static/{name}")
async def static(name: str) -> Response:
    """A file of the page."""
    if name not in _FILES:
        raise FileNotServedError(name=name)
    return _file(name, _FILES[name])


def _file(name: str, media_type: str) -> Response:
    return Response((_FOLDER / name).read_bytes(), media_type=media_type, headers=_SAFE)
