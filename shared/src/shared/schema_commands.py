"""`rapport schemas`: what operators do with the schemas of the facts."""

import os
from collections import Counter
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from shared.schema_registry import RegistryError, export, read_schemas


@click.group()
def schemas() -> None:
    """The JSON Schemas of our facts."""


@schemas.command("export")
@click.option("--registry", required=True, help="Base URL, as http://host:8081.")
@click.option(
    "--schemas",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("contracts/schemas"),
    show_default=True,
    help="The folder of the committed schemas.",
)
def export_command(registry: str, folder: Path) -> None:
    """Register every schema that is missing in a Confluent-compatible registry."""
    try:
        read = read_schemas(folder)
        exported = export(registry, read, _credentials())
        outcomes = Counter(
            each.outcome
            for each in track(
                exported, "schemas", total=len(read), console=Console(stderr=True), transient=True
            )
        )
    except RegistryError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"schemas: {outcomes['new']} new, {outcomes['unchanged']} unchanged")


def _credentials() -> tuple[str, str] | None:
    username = os.environ.get("SCHEMA_REGISTRY_USERNAME")
    return (username, os.environ.get("SCHEMA_REGISTRY_PASSWORD", "")) if username else None
