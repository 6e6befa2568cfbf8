"""The table of principals in docs/security.md is what the registry grants."""

from pathlib import Path

from shared.contracts import SERVICES, TOPICS
from shared.contracts.readers import READERS
from shared.contracts.rights import external_systems, rights_of_external

SECURITY = Path(__file__).parents[2] / "docs" / "security.md"


def row_of_service(service: str) -> str:
    others = {topic.name for topic in READERS[service] if topic.publisher != service}
    events = {name for name in TOPICS if name.endswith(".events.v1")}
    reads = ", ".join(f"`{name}`" for name in sorted(others))
    if others >= {name for name in events if TOPICS[name].publisher != service}:
        reads = ", ".join(["`crm.*.events.v1`", *(f"`{name}`" for name in sorted(others - events))])
    return f"| `{service}` | its own | its own; {reads} | `rapport.{service}.*` |"


def row_of_external(system: str) -> str:
    written = sorted(right.name for right in rights_of_external(system))
    names = ", ".join(f"`{name}`" for name in written)
    return f"| `ext-{system}` | {names} | – | – |"


def test_every_principal_stands_in_the_table_with_what_it_may_do() -> None:
    wanted = [*map(row_of_service, SERVICES), *map(row_of_external, external_systems())]
    starts = tuple(f"|{row.split('|')[1]}|" for row in wanted)
    lines = SECURITY.read_text().splitlines()
    assert [line for line in lines if line.startswith(starts)] == wanted
