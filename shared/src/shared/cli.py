"""`rapport`: what operators do from a shell: tokens, migrations, topics, parking, resyncs."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, get_args

import click
import httpx
from dotenv import load_dotenv
from rich.console import Console
from rich.table import Table

from shared.access.command import acl, credentials_group
from shared.auth import ROLES, issue_token
from shared.contracts import SERVICES
from shared.contracts.parking import ParkedReason
from shared.messaging.topics import provision_topics
from shared.migrate import migrate
from shared.resync_command import resync_command
from shared.schema_commands import schemas
from shared.settings import KafkaSettings, from_environment

DEFAULT_ENV_FILE = Path(".rapport/env")
TIMEOUT = 60.0
WIDTH_OF_A_PIPE = 250


@click.group()
def main() -> None:
    """Operate Rapport. Settings come from the environment, or from RAPPORT_ENV_FILE."""
    load_dotenv(os.environ.get("RAPPORT_ENV_FILE", DEFAULT_ENV_FILE))


main.add_command(acl)
main.add_command(credentials_group)
main.add_command(schemas)


@main.command()
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(ROLES))
@click.option("--subject", default="you", help="Who the token is for; becomes the actor of facts.")
def token(roles: tuple[str, ...], subject: str) -> None:
    """Print a token for the local API (signed with RAPPORT_JWT_KEY, valid for 12 hours)."""
    click.echo(issue_token(_needed("RAPPORT_JWT_KEY"), subject, roles))


@main.command("migrate")
@click.argument("package")
def migrate_command(package: str) -> None:
    """Bring the database of a service's PACKAGE (e.g. service_desk) up to date."""
    applied = asyncio.run(migrate(_needed(f"{package.upper()}_DATABASE_URL"), package))
    click.echo(f"{package}: {', '.join(applied) or 'up to date'}")


@main.command()
def topics() -> None:
    """Create the topics that are missing, and set what differs on the others."""
    done = asyncio.run(provision_topics(from_environment(KafkaSettings)))
    click.echo(f"topics created: {len(done.created)}, altered: {len(done.altered)}")


@main.group()
@click.option("--service", required=True, type=click.Choice(SERVICES))
@click.option("--url", help="The service's address; default: <SERVICE>_URL.")
@click.pass_context
def parked(context: click.Context, service: str, url: str | None) -> None:
    """Records that a service could not apply: list, show, redrive, discard."""
    context.obj = context.with_resource(_client(service, url))


@parked.command("list")
@click.pass_obj
def list_command(client: httpx.Client) -> None:
    """List what waits, oldest first."""
    table = Table("parked id", "consumer", "topic", "key", "type", "reason", "error", "tries")
    for item in _pages(client, "/v1/parked"):
        table.add_row(
            *(
                str(item[column])
                for column in (
                    "parked_id",
                    "consumer",
                    "topic",
                    "key",
                    "event_type",
                    "reason",
                    "error",
                    "attempts",
                )
            )
        )
    Console(width=None if sys.stdout.isatty() else WIDTH_OF_A_PIPE).print(table)


@parked.command("show")
@click.argument("parked_id")
@click.pass_obj
def show_command(client: httpx.Client, parked_id: str) -> None:
    """Show one record with its headers and body."""
    click.echo(json.dumps(_call(client, "GET", f"/v1/parked/{parked_id}"), indent=2))


@parked.command("redrive")
@click.argument("parked_id")
@click.pass_obj
def redrive_command(client: httpx.Client, parked_id: str) -> None:
    """Apply all that waits on the key of PARKED_ID, in order."""
    result = _call(client, "POST", f"/v1/parked/{parked_id}/redrive")
    click.echo(f"applied {result['applied']}, still waiting {result['remaining']}")
    if result["failed"]:
        raise click.ClickException(f"{result['failed']} failed again: {result['reason']}")


@parked.command("discard")
@click.argument("parked_id")
@click.option("--reason", required=True)
@click.pass_obj
def discard_command(client: httpx.Client, parked_id: str, reason: str) -> None:
    """Give one record up; your name and the reason are kept."""
    _call(client, "POST", f"/v1/parked/{parked_id}/discard", {"reason": reason})
    click.echo(f"discarded {parked_id}")


@parked.command("summary")
@click.pass_obj
def summary_command(client: httpx.Client) -> None:
    """Count what waits, by consumer, topic and reason."""
    table = Table("consumer", "topic", "reason", "records", "keys", "oldest")
    for group in _call(client, "GET", "/v1/parked/summary")["items"]:
        table.add_row(*(str(value) for value in group.values()))
    Console(width=None if sys.stdout.isatty() else WIDTH_OF_A_PIPE).print(table)


def _choosing(command: Callable[..., None]) -> Callable[..., None]:
    """The options by which many parked records are chosen."""
    for option in (
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option("--parked-for", type=click.Choice(get_args(ParkedReason))),
        click.option("--topic"),
        click.option("--consumer", required=True),
    ):
        command = option(command)
    return command


@parked.command("discard-all")
@_choosing
@click.option("--reason", required=True)
@click.pass_obj
def discard_all_command(
    client: httpx.Client,
    consumer: str,
    topic: str | None,
    parked_for: str | None,
    reason: str,
    *,
    yes: bool,
) -> None:
    """Give up all records of a consumer, or those of a topic or parked for one reason."""
    chosen = _chosen(consumer, topic, parked_for)
    _confirm(client, chosen, "Discard", is_sure=yes)
    discarded, remaining = 0, 1
    while remaining:
        body = {**chosen, "reason": reason}
        result = _call(client, "POST", "/v1/parked/discard", body)
        discarded, remaining = discarded + result["discarded"], result["remaining"]
    click.echo(f"discarded {discarded}")


@parked.command("redrive-all")
@_choosing
@click.pass_obj
def redrive_all_command(
    client: httpx.Client, consumer: str, topic: str | None, parked_for: str | None, *, yes: bool
) -> None:
    """Apply what waits on every key where such a record waits, key by key in order."""
    chosen = _chosen(consumer, topic, parked_for)
    _confirm(client, chosen, "Redrive", is_sure=yes)
    after: int | None = 0
    applied, failed = 0, 0
    while after is not None:
        result = _call(client, "POST", "/v1/parked/redrive", {**chosen, "after": after})
        after, applied = result["after"], applied + result["applied"]
        failed += result["failed"]
    click.echo(f"applied {applied}, keys that still fail {failed}")
    if failed:
        raise click.ClickException("some failed again; see `list`")


def _chosen(consumer: str, topic: str | None, parked_for: str | None) -> dict[str, Any]:
    return {"consumer": consumer, "topic": topic, "parked_for": parked_for}


def _confirm(client: httpx.Client, chosen: dict[str, Any], what: str, *, is_sure: bool) -> None:
    """Say how many records are meant before anything is done to them."""
    meant = {
        "consumer": chosen["consumer"],
        "topic": chosen["topic"],
        "reason": chosen["parked_for"],
    }
    groups = [
        group
        for group in _call(client, "GET", "/v1/parked/summary")["items"]
        if all(wanted in {None, group[column]} for column, wanted in meant.items())
    ]
    for group in groups:
        click.echo(
            f"{group['records']:>7} records of {group['keys']} keys: {group['topic']},"
            f" {group['reason']}"
        )
    total = sum(group["records"] for group in groups)
    if not total:
        raise click.ClickException("nothing of that kind is parked")
    if not is_sure:
        click.confirm(f"{what} these {total} records of {chosen['consumer']}?", abort=True)


def _client(service: str, url: str | None) -> httpx.Client:
    name = service.upper().replace("-", "_")
    bearer = os.environ.get("RAPPORT_TOKEN") or issue_token(
        _needed("RAPPORT_JWT_KEY"), os.environ.get("USER", "operator"), ["admin"]
    )
    return httpx.Client(
        base_url=url or _needed(f"{name}_URL"),
        headers={"Authorization": f"Bearer {bearer}"},
        timeout=TIMEOUT,
    )


def _pages(client: httpx.Client, path: str) -> Iterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        page = _call(client, "GET", path, params={"cursor": cursor} if cursor else {})
        yield from page["items"]
        cursor = page["next"]
        if cursor is None:
            return


def _call(
    client: httpx.Client,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    params: dict[str, str] | None = None,
) -> Any:
    try:
        response = client.request(method, path, json=body, params=params)
    except httpx.TransportError as error:
        _fail(f"{client.base_url} does not answer: {error}")
    answer: Any = response.json()
    if response.is_error:
        _fail(f"{answer.get('title')} ({answer.get('type')})")
    return answer


def _needed(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        _fail(f"{variable} is not set; set it, or name a file that does in RAPPORT_ENV_FILE")
    return value


def _fail(message: str) -> NoReturn:
    raise click.ClickException(message)


main.add_command(resync_command(_client, _call))
