"""`python -m shared.catalogue`: write the derived files, or with --check only say which are old."""

from datetime import UTC, datetime
from pathlib import Path

import click

from shared.catalogue.files import IncompatibleError, catalogue_of
from shared.catalogue.reactors import declared_consumers
from shared.contracts import FACTS
from shared.contracts.examples import ExampleMissingError


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail where a file is out of date.")
@click.option("--root", type=click.Path(path_type=Path), default=Path(), help="The repository.")
def main(root: Path, *, check: bool) -> None:
    """Derive schemas, AsyncAPI document, catalogue and changelog from the registry of facts."""
    try:
        catalogue = catalogue_of(FACTS, declared_consumers(), root, datetime.now(UTC).date())
    except IncompatibleError as error:
        raise click.ClickException(f"This would break subscribers.\n{error}") from error
    except ExampleMissingError as error:
        raise click.ClickException(str(error)) from error
    changed = catalogue.outdated() if check else catalogue.write()
    for path in changed:
        click.echo(path)
    if check and changed:
        raise click.ClickException(f"{len(changed)} files are out of date: run make contracts")
    click.echo(f"{len(FACTS)} facts; files {'out of date' if check else 'written'}: {len(changed)}")


if __name__ == "__main__":
    main()
