"""Levels: how far two values of one trait agree, from `same` to `differs`; None where one is blank.

General rules of how people misspell, swap, shorten and leave out; no list of anybody's data.
"""

from typing import Literal, TypeAlias

from rapidfuzz.distance import OSA, JaroWinkler

from contacts.matching.text import numbers, signature

Level: TypeAlias = Literal["same", "close", "similar", "differs"]

_FROM_BEST: tuple[Level, ...] = ("same", "close", "similar", "differs")
_LONG = 8
_SHORT = 3
_ALIKE = 0.86
"""Jaro-Winkler from which on two words look like one another, without being one misspelt."""

_ONE_TEXT = 0.8
"""The share of letters from which on two longer texts are one with errors."""


def of_words(one: str, other: str) -> Level | None:
    """Two names or streets. `close` is one slip of the pen, two in a long one, or a blank lost."""
    if not one or not other:
        return None
    if one == other:
        return "same"
    first, second = one.replace(" ", ""), other.replace(" ", "")
    if _is_slip(first, second):
        return "close"
    if _is_short_for(first, second) or JaroWinkler.similarity(first, second) >= _ALIKE:
        return "similar"
    return "differs"


def _is_slip(first: str, second: str) -> bool:
    shorter = min(len(first), len(second))
    allowed = 2 if shorter >= _LONG else 1
    if shorter < _SHORT and first[:1] != second[:1]:
        return False
    return OSA.distance(first, second, score_cutoff=allowed) <= allowed


def _is_short_for(first: str, second: str) -> bool:
    """An initial, or a name cut short: `j` and `johann`, `alex` and `alexander`."""
    return first.startswith(second) or second.startswith(first)


def worse(one: Level | None, other: Level | None) -> Level | None:
    """What two agreements say together: no more than the worse; one alone is `similar` at best."""
    if one is None or other is None:
        known: Level | None = one if other is None else other
        return known if known in {None, "differs"} else "similar"
    return one if _FROM_BEST.index(one) > _FROM_BEST.index(other) else other


def of_dates(one: str, other: str) -> Level | None:
    """Two dates as year, month, day. `close`: day and month swapped, or one digit or two wrong."""
    if not one or not other:
        return None
    if one == other:
        return "same"
    swapped = one[:4] + one[6:] + one[4:6]
    if swapped == other or OSA.distance(one, other) == 1:
        return "close"
    if OSA.distance(one, other) <= 2:  # noqa: PLR2004 -- two of eight digits
        return "similar"
    return "differs"


def of_codes(one: str, other: str) -> Level | None:
    """Two codes, such as postal ones: a swap or a wrong digit is `close`."""
    if not one or not other:
        return None
    if one == other:
        return "same"
    return "close" if OSA.distance(one, other) == 1 else "differs"


def of_marks(one: str, other: str) -> Level | None:
    """Two values that are chosen and not typed: one or another."""
    if not one or not other:
        return None
    return "same" if one == other else "differs"


def of_sets(one: frozenset[str], other: frozenset[str]) -> Level | None:
    """Addresses on a channel: one in common is enough, for people have several."""
    if not one or not other:
        return None
    return "differs" if one.isdisjoint(other) else "same"


def of_companies(one: str, other: str) -> Level | None:
    """Two companies' names, in any order of words; other numbers are another branch."""
    if not one or not other:
        return None
    if one == other:
        return "same"
    if numbers(one) != numbers(other):
        return "differs"
    first, second = sorted(one.split()), sorted(other.split())
    if first == second or "".join(one.split()) == "".join(other.split()):
        return "same"
    if len(first) == len(second) and all(map(_is_word, first, second)):
        return "close"
    shorter, longer = sorted((set(first), set(second)), key=len)
    return "similar" if len(shorter) > 1 and shorter < longer else "differs"


def _is_word(one: str, other: str) -> bool:
    return one == other or (signature(one) == signature(other) and _is_slip(one, other))
