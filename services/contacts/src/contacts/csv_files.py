"""CSV files as people make them: read a piece at a time, with the line that each row stands in."""

import codecs
import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, TypeAlias

from shared.errors import InvalidError

from contacts.file_layout import Delimiter, harmless_cell

NumberedRow: TypeAlias = tuple[int, list[str]]

_PIECE = 1 << 20
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class FileIsEmptyError(InvalidError):
    """The file has no header row."""


class FileEncodingError(InvalidError):
    """The file is not UTF-8; save it as "CSV UTF-8" and send it again."""


class FileIsNotCsvError(InvalidError):
    """The file cannot be read as CSV from this row on."""


def hash_of(file: BinaryIO) -> str:
    """SHA-256 of the content, hex; the file stands at its start afterwards."""
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(_PIECE):
        digest.update(piece)
    file.seek(0)
    return digest.hexdigest()


def read_rows(file: BinaryIO, delimiter: Delimiter) -> Iterator[NumberedRow]:
    """The rows, header included, each with its line in the file; blank lines are left out.

    Never more than a piece of the file is in memory. Raises the errors above while it goes.
    """
    file.seek(0)
    starts_with = file.read(2)
    file.seek(0)
    if starts_with in _UTF_16:
        raise FileEncodingError(field="file")
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except UnicodeDecodeError as error:
        raise FileEncodingError(field="file", row=line) from error
    except csv.Error as error:
        raise FileIsNotCsvError(field="file", row=line) from error
    finally:
        text.detach()


def write_rows(rows: Iterable[Sequence[object]]) -> str:
    """Lines of CSV (RFC 4180), with cells that no spreadsheet takes for formulas."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([[harmless_cell(cell) for cell in row] for row in rows])
    return text.getvalue()
