"""`rapport resync`: have a service publish snapshots again, and watch it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click
import httpx
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from shared.contracts.resync import RESYNC_STARTED

LOOK_EVERY = 0.5
ENDED = {"completed", "cancelled"}
TIMES = click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"])

Call = Callable[..., Any]
Client = Callable[[str, str | None], httpx.Client]


def resync_command(client_of: Client, call: Call) -> click.Command:
    """The command; `client_of` and `call` are how the other commands reach a service."""

    @click.command("resync")
    @click.option("--service", required=True, type=click.Choice(list(RESYNC_STARTED)))
    @click.option("--url", help="The service's address; default: <SERVICE>_URL.")
    @click.option("--aggregate", "aggregates", multiple=True, help="E.g. deal; may be repeated.")
    @click.option("--id", "ids", multiple=True, help="One record; may be repeated.")
    @click.option("--changed-since", type=TIMES, help="UTC unless it says otherwise.")
    @click.option("--changed-until", type=TIMES)
    @click.option("--rate", type=int, help="Facts per second.")
    @click.option("--watch", metavar="ID", help="Only watch a resync that was asked for before.")
    @click.option("--pause", metavar="ID", help="Let one rest.")
    @click.option("--resume", metavar="ID", help="Let one go on, and watch it.")
    @click.option("--cancel", metavar="ID", help="End one.")
    def resync(service: str, url: str | None, **options: Any) -> None:
        """Publish snapshots of a service again; leaving with Ctrl-C does not stop it."""
        with client_of(service, url) as client:
            found = _do(client, call, options)
            if found["status"] in ENDED or options["pause"]:
                click.echo(_told(found))
            else:
                _watch(client, call, found)

    return resync


def _do(client: httpx.Client, call: Call, options: dict[str, Any]) -> Any:
    for verb in ("pause", "resume", "cancel"):
        if options[verb]:
            return call(client, "POST", f"/v1/resync/{options[verb]}/{verb}")
    if options["watch"]:
        return call(client, "GET", f"/v1/resync/{options['watch']}")
    if not options["aggregates"]:
        raise click.UsageError("name what to publish again: --aggregate deal")
    return call(client, "POST", "/v1/resync", _body(options))


def _body(options: dict[str, Any]) -> dict[str, Any]:
    body = {
        "aggregates": options["aggregates"],
        "ids": options["ids"] or None,
        "changed_since": _in_utc(options["changed_since"]),
        "changed_until": _in_utc(options["changed_until"]),
        "facts_per_second": options["rate"],
    }
    return {name: value for name, value in body.items() if value is not None}


def _in_utc(time: datetime | None) -> str | None:
    if time is None:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).isoformat()


def _watch(client: httpx.Client, call: Call, resync: Any) -> None:
    """Show how far it is until it has ended or rests."""
    click.echo(f"resync {resync['resync_id']}")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as progress:
        bar = progress.add_task(resync["status"], total=resync["total"])
        while resync["status"] not in {*ENDED, "paused"}:
            time.sleep(LOOK_EVERY)
            resync = call(client, "GET", f"/v1/resync/{resync['resync_id']}")
            done = sum(resync["published"].values()) + resync["missing"]
            progress.update(
                bar, description=resync["status"], total=resync["total"], completed=done
            )
    click.echo(_told(resync))


def _told(resync: Any) -> str:
    counts = ", ".join(f"{count} {name}" for name, count in sorted(resync["published"].items()))
    return f"{resync['status']}: published {counts or 'nothing'}, missing {resync['missing']}"
