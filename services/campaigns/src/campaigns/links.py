"""The links that strangers follow: signed, so that nobody can make one, and saying nothing.

A token is for one door: a click token opens no unsubscribe page.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from fastapi import Depends, Request
from itsdangerous import BadData, URLSafeSerializer
from shared.errors import NotFoundError

from campaigns.config import Settings

LONGEST_TOKEN = 300


class LinkIsUnknownError(NotFoundError):
    """There is no such page."""


@dataclass(frozen=True, slots=True)
class Links:
    """Writes and reads links; `public_url` is where the world reaches this service."""

    key: str
    public_url: str

    def form_url(self, form_id: str, form_version: int) -> str:
        """Where a form of this version is submitted to."""
        return f"{self.public_url}/f/{self._sign('form', [form_id, form_version])}"

    def click_url(self, message_id: UUID, link_id: str) -> str:
        """A link of a message, on its way through us."""
        return f"{self.public_url}/c/{self._sign('click', [str(message_id), link_id])}"

    def unsubscribe_url(self, message_id: UUID) -> str:
        """The way out, in every message."""
        return f"{self.public_url}/u/{self._sign('unsubscribe', [str(message_id)])}"

    def confirmation_url(self, token_id: UUID) -> str:
        """The yes of the owner of an address; nobody without our key can make one."""
        return f"{self.public_url}/k/{self._sign('confirm', [str(token_id)])}"

    def read_confirmation(self, token: str) -> UUID:
        """The question; raises `LinkIsUnknownError`."""
        return UUID(self._read("confirm", token)[0])

    def read_form(self, token: str) -> tuple[str, int]:
        """Form and version; raises `LinkIsUnknownError`."""
        form_id, form_version = self._read("form", token)
        return str(form_id), int(form_version)

    def read_click(self, token: str) -> tuple[UUID, str]:
        """Message and link; raises `LinkIsUnknownError`."""
        message_id, link_id = self._read("click", token)
        return UUID(message_id), str(link_id)

    def read_unsubscribe(self, token: str) -> UUID:
        """The message; raises `LinkIsUnknownError`."""
        return UUID(self._read("unsubscribe", token)[0])

    def hash_address(self, address: str) -> str:
        """What stands for a network address in a submission."""
        return hmac.new(self.key.encode(), address.encode(), hashlib.sha256).hexdigest()

    def _sign(self, door: str, values: list[Any]) -> str:
        return self._serializer(door).dumps(values)

    def _read(self, door: str, token: str) -> Any:
        try:
            return self._serializer(door).loads(token[: LONGEST_TOKEN + 1])
        except BadData as error:
            raise LinkIsUnknownError from error

    def _serializer(self, door: str) -> URLSafeSerializer:
        return URLSafeSerializer(
            self.key, salt=f"rapport.{door}", signer_kwargs={"digest_method": hashlib.sha256}
        )


async def links_of(request: Request) -> Links:
    """The links of this installation."""
    settings: Settings = request.app.state.settings
    return Links(settings.link_key.get_secret_value(), settings.public_url)


SignedLinks: TypeAlias = Annotated[Links, Depends(links_of)]
