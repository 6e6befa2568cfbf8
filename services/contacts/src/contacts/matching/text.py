"""Text as it is compared: one spelling for what differs only in case, width, accents or form."""

import re
import unicodedata
from functools import lru_cache
from itertools import groupby

_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae"})
_SOUNDS = str.maketrans(
    {"c": "k", "q": "k", "g": "k", "z": "s", "d": "t", "b": "p", "v": "f", "w": "f", "y": "i"}
)
_APOSTROPHES = re.compile(r"['’`´]")
_WORDS = re.compile(r"[^\W_]+")
_SILENT = frozenset("aeiouh")
"""With `y`, which sounds like `i`."""
_STREETS = {
    "av": "avenue", "ave": "avenue", "blvd": "boulevard", "cct": "circuit", "cres": "crescent",
    "crt": "court", "ct": "court", "dr": "drive", "gr": "grove", "hwy": "highway", "ln": "lane",
    "pde": "parade", "pl": "place", "rd": "road", "sq": "square", "st": "street",
    "str": "strasse", "tce": "terrace",
}  # fmt: skip
_LEGAL_FORMS = frozenset({
    "ab", "ag", "aps", "as", "asa", "bv", "co", "company", "corp", "corporation", "doo", "eg",
    "eirl", "eu", "gbr", "gesmbh", "gmbh", "inc", "incorporated", "kft", "kg", "kgaa", "kk", "lda",
    "limited", "llc", "llp", "lp", "ltd", "ltda", "mbh", "nv", "og", "ohg", "oy", "oyj", "pjsc",
    "plc", "pte", "pty", "sa", "sab", "sarl", "sas", "se", "sl", "spa", "sprl", "srl", "srls",
    "sro", "ug", "zrt",
})  # fmt: skip
_JOINING = frozenset({"and", "und", "et", "y", "e"})
_ENDINGS = _LEGAL_FORMS | _JOINING
_CJK_FORMS = (
    "股份有限公司", "有限责任公司", "有限責任公司", "有限公司", "株式会社", "合同会社", "集团",
    "公司",
)  # fmt: skip
_CACHED = 1 << 11
"""Texts at hand: those of some pages, and the names that are everywhere. More cost more than they
save where each name is new: a full table of 65,536 took about 8 µs a row of an import."""


@lru_cache(_CACHED)
def fold(text: str) -> str:
    """Case, width and accents away, one space between words: `Müller-O’Brien` → `muller obrien`."""
    if not text.isascii():
        wide = unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS)
        text = "".join(
            each for each in unicodedata.normalize("NFKD", wide) if not unicodedata.combining(each)
        )
        text = unicodedata.normalize("NFKC", text)
    return " ".join(_WORDS.findall(_APOSTROPHES.sub("", text.casefold())))


@lru_cache(_CACHED)
def signature(folded: str) -> str:
    """What is left of a word when vowels, doubled and like-sounding letters do not count.

    `phillip`, `filip` and `fliip` are one, so the same key finds them. Scripts without vowels keep
    each character; a word of vowels alone keeps itself.
    """
    compact = folded.replace(" ", "").replace("ph", "f").translate(_SOUNDS)
    kept = (each for each in compact if each not in _SILENT)
    return "".join(letter for letter, _ in groupby(kept)) or compact


@lru_cache(_CACHED)
def company(text: str) -> tuple[str, str]:
    """A company's name without its legal form, and that form: `Acme Ges.m.b.H.` → `acme`, `gesmbh`.

    What is nothing but a legal form keeps it as its name.
    """
    words = fold(text.replace(".", "").replace("&", " and ")).split()
    end = len(words)
    while end > 1 and words[end - 1] in _ENDINGS:
        end -= 1
    name = " ".join(words[:end])
    for suffix in () if name.isascii() else _CJK_FORMS:
        if name.endswith(suffix) and name != suffix:
            return name.removesuffix(suffix), suffix
    return name, " ".join(word for word in words[end:] if word not in _JOINING)


@lru_cache(_CACHED)
def street(text: str) -> str:
    """A line of an address, its kind of street written out: `12 High St.` → `12 high street`."""
    words = fold(text).split()
    return " ".join(_STREETS.get(word, word) for word in words)


def numbers(folded: str) -> tuple[str, ...]:
    """The words with a digit in them, in order: they tell branches and houses apart."""
    return tuple(word for word in folded.split() if has_digit(word))


def has_digit(word: str) -> bool:
    return any(map(str.isdigit, word))
