"""`rapport acl` and `rapport credentials`: who may do what on Kafka, and with which secrets."""

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from shared.access import acls, credentials, formats
from shared.access.acls import Difference
from shared.access.admin import AccessError, as_operator
from shared.access.settings import AccessSettings
from shared.contracts.rights import ADMIN, Right, principals, rights
from shared.settings import KafkaSettings, from_environment

WIDTH_OF_A_PIPE = 250


@click.group()
def acl() -> None:
    """The rights on Kafka that follow from the registry and from RAPPORT_SUBSCRIBERS."""


@acl.command("print")
@click.option(
    "--format",
    "form",
    type=click.Choice(("table", "kafka-acls", "strimzi")),
    default="table",
    show_default=True,
)
@click.option("--cluster", default=formats.CLUSTER, show_default=True, help="Strimzi's cluster.")
def print_command(form: str, cluster: str) -> None:
    """Print every right; asks no broker."""
    subscribers = _access().subscribers
    wanted = rights(subscribers)
    if form == "strimzi":
        click.echo(formats.as_strimzi(wanted, principals(subscribers), cluster), nl=False)
    elif form == "kafka-acls":
        click.echo(formats.as_kafka_acls(wanted))
    else:
        _show(formats.as_table(wanted))


@acl.command("diff")
def diff_command() -> None:
    """Show what the cluster lacks and what it grants beyond the registry; exits 1 on either."""
    with _operating() as client:
        difference = _difference(client)
    _tell(difference)
    sys.exit(0 if difference.is_none else 1)


@acl.command("apply")
@click.option("--prune", is_flag=True, help="Take away what the registry does not grant.")
@click.option("--yes", is_flag=True, help="Do not ask before taking away.")
def apply_command(*, prune: bool, yes: bool) -> None:
    """Grant what is missing; a second time it finds nothing to do."""
    with _operating() as client:
        difference = _difference(client)
        if difference.missing:
            acls.grant(client, difference.missing)
        click.echo(f"granted: {len(difference.missing)}")
        if prune and difference.surplus and _is_sure(difference.surplus, is_sure=yes):
            acls.revoke(client, difference.surplus)
            click.echo(f"taken away: {len(difference.surplus)}")
        elif difference.surplus:
            click.echo(
                f"{len(difference.surplus)} more than the registry grants;"
                " see `rapport acl diff`, take them away with --prune"
            )


def _is_sure(surplus: Sequence[Right], *, is_sure: bool) -> bool:
    if not is_sure:
        _show(formats.as_table(surplus))
        click.confirm(f"Take these {len(surplus)} rights away?", abort=True)
    return True


def _difference(client: Any) -> Difference:
    return acls.compare(rights(_access().subscribers), acls.find(client))


def _tell(difference: Difference) -> None:
    for title, found in (("missing", difference.missing), ("surplus", difference.surplus)):
        click.echo(f"{title}: {len(found)}")
        if found:
            _show(formats.as_table(found))
    for other in difference.others:
        click.echo(f"not of ours, left alone: {other}")


@click.group("credentials")
def credentials_group() -> None:
    """The principals' secrets: files in KAFKA_CREDENTIALS, and SCRAM-SHA-512 at the broker."""


@credentials_group.command("provision")
def provision_command() -> None:
    """Make a secret for every principal that has none, and let the broker know it."""
    with _operating() as client:
        made = credentials.provision(client, _folder(), principals(_access().subscribers))
    click.echo(f"credentials made: {', '.join(made) or 'none'}")


@credentials_group.command("rotate")
@click.option("--principal", "names", required=True, multiple=True, help="May be given again.")
def rotate_command(names: tuple[str, ...]) -> None:
    """Give a principal a new secret; restart its processes then, one after the other."""
    rotatable = [*principals(_access().subscribers), ADMIN]
    for name in names:
        if name not in rotatable:
            raise click.ClickException(f"there is no {name}; there are {', '.join(rotatable)}")
    kafka, folder = from_environment(KafkaSettings), _folder()
    with _operating() as client:
        for name in names:
            file = credentials.rotate(client, kafka, folder, name)
            click.echo(f"{name}: the new secret is in {file}; restart what runs as {name}")


@contextmanager
def _operating() -> Generator[Any]:
    try:
        with as_operator(from_environment(KafkaSettings)) as client:
            yield client
    except AccessError as error:
        raise click.ClickException(str(error)) from error


def _access() -> AccessSettings:
    try:
        return from_environment(AccessSettings)
    except ValueError as error:
        raise click.ClickException(f"RAPPORT_SUBSCRIBERS: {error}") from error


def _folder() -> Path:
    folder = _access().credentials
    if folder is None:
        raise click.ClickException("KAFKA_CREDENTIALS is not set: the folder of the secrets")
    return folder


def _show(table: Table) -> None:
    Console(width=None if sys.stdout.isatty() else WIDTH_OF_A_PIPE).print(table)
