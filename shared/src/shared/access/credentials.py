"""Credentials: each principal's secret, in a file of its own and, salted and hashed, at the broker.

A new secret is written beside the old one before the broker learns it, so that a crash in between
loses none: whoever rotates again goes on with the same. Connections that are open stay open; a
process uses the new secret from its next start on.
"""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException
from pydantic import SecretStr

from shared.access.admin import TIMEOUT, AccessError, admin_client, answer, library
from shared.settings import KafkaSettings

ITERATIONS = 4096
"""Kafka's minimum: more makes a weak password dearer to guess, and these have 256 bits."""

BYTES = 32


def secret_file(folder: Path, principal: str) -> Path:
    return folder / principal


def keep_secret(folder: Path, principal: str) -> Path:
    """Make a principal's secret where it has none; answers its file."""
    file = secret_file(folder, principal)
    if not file.exists():
        _write(file, secrets.token_urlsafe(BYTES))
    return file


def known(client: Any) -> set[str]:
    """The users whose credentials the broker has."""
    return set(answer(client.describe_user_scram_credentials()))


def provision(client: Any, folder: Path, principals: Iterable[str]) -> list[str]:
    """Make secrets and credentials for who has none; answers their names.

    Raises where the broker has credentials and the folder no secret: a new one would lock out
    whoever uses the old one, which is for `rotate` to do.
    """
    there = known(client)
    wanted = list(principals)
    lost = [name for name in wanted if name in there and not secret_file(folder, name).exists()]
    if lost:
        raise AccessError(
            f"The broker knows {', '.join(lost)}, but {folder} has no secret of theirs: put it"
            " there, or make a new one: rapport credentials rotate --principal …"
        )
    new = [name for name in wanted if name not in there]
    for name in new:
        _tell(client, name, keep_secret(folder, name).read_text().strip())
    return new


def rotate(client: Any, kafka: KafkaSettings, folder: Path, principal: str) -> Path:
    """Replace a principal's secret at the broker, then in its file; answers the file.

    Returns when the broker lets the principal in with the new one.
    """
    file = secret_file(folder, principal)
    draft = file.with_name(f".{principal}.next")
    if not draft.exists():
        _write(draft, secrets.token_urlsafe(BYTES))
    secret = draft.read_text()
    _tell(client, principal, secret)
    _require_entry(kafka, principal, secret)
    if file.exists():
        draft.chmod(file.stat().st_mode)  # containers of other users may be meant to read it
    draft.replace(file)
    return file


def _tell(client: Any, principal: str, secret: str) -> None:
    info = library.ScramCredentialInfo(library.ScramMechanism.SCRAM_SHA_512, ITERATIONS)
    change = library.UserScramCredentialUpsertion(principal, info, secret.encode())
    answer(client.alter_user_scram_credentials([change])[principal])


def _require_entry(kafka: KafkaSettings, principal: str, secret: str) -> None:
    user = {
        "sasl_username": principal,
        "sasl_password": SecretStr(secret),
        "sasl_password_file": None,
    }
    try:
        admin_client(kafka.model_copy(update=user)).list_topics(timeout=TIMEOUT)
    except KafkaException as error:
        raise AccessError(
            f"The broker took the new secret of {principal} but does not let it in: {error}."
            " Run the same command again; the secret is kept."
        ) from error


def _write(file: Path, secret: str) -> None:
    """Put a secret on the disk, whole or not at all, for its owner's eyes only."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_name(f".{file.name}.draft")
    draft.touch(mode=0o600)
    with draft.open("w") as out:
        out.write(secret)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
