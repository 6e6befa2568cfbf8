"""Sealing: secrets lie in the database encrypted, each bound to its subscription.

AES-256-GCM under a key derived from the setting; another subscription's row cannot be opened, and
what a former key sealed can be, as long as that key is given too.
"""

import os
from collections.abc import Sequence
from typing import Annotated, TypeAlias
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from fastapi import Depends, Request

NONCE_BYTES = 12
_PURPOSE = b"rapport.webhooks.secret.v1"


class SealBrokenError(RuntimeError):
    """None of the keys opens a secret: WEBHOOKS_SEAL_KEY is not the one that it was sealed with."""


class Seal:
    """Seals with the first of the keys, and opens with any of them."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._ciphers = [AESGCM(_derived(key)) for key in keys]

    def close(self, secret: bytes, subscription_id: UUID) -> bytes:
        """The secret as it is stored."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._ciphers[0].encrypt(nonce, secret, subscription_id.bytes)

    def open(self, sealed: bytes, subscription_id: UUID) -> bytes:
        """The secret; raises `SealBrokenError`."""
        nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(nonce, rest, subscription_id.bytes)
            except InvalidTag:
                continue
        raise SealBrokenError(str(subscription_id))


def _derived(key: str) -> bytes:
    return HKDF(SHA256(), 32, None, _PURPOSE).derive(key.encode())


async def seal_of(request: Request) -> Seal:
    """The seal of this installation."""
    seal: Seal = request.app.state.seal
    return seal


Sealed: TypeAlias = Annotated[Seal, Depends(seal_of)]
