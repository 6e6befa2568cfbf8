"""What a person is recognised by where their data lie outside a record of their own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Row = tuple[int, list[str]]
"""A row of a file on its way in: its number and its cells."""

_SHORTEST = 6
"""A shorter text is found in too much that is nobody's address."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Addresses as they were given and in their normal form; names as (given, family)."""

    addresses: frozenset[str]
    names: frozenset[tuple[str, str]]

    def are_in(self, cells: Sequence[str]) -> bool:
        """Whether a row is about the person: an address in any cell, or both names in two."""
        folded = [cell.strip().casefold() for cell in cells]
        if any(address in cell for address in self.addresses for cell in folded):
            return True
        return any(given in folded and family in folded for given, family in self.names)


def marks_of(addresses: Iterable[str], names: Iterable[tuple[str | None, str | None]]) -> Marks:
    """What to look for; half a name, or a very short text, would find others, too."""
    return Marks(
        frozenset(text for each in addresses if len(text := each.strip().casefold()) >= _SHORTEST),
        frozenset(
            (given.strip().casefold(), family.strip().casefold())
            for given, family in names
            if given and family
        ),
    )


def rows_of_others(rows: Iterable[Row], marks: Marks) -> list[Row]:
    """The rows of a file without those that are about the person."""
    return [(number, cells) for number, cells in rows if not marks.are_in(cells)]
