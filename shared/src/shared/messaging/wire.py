"""The wire: fetched batches are read to their end, whatever bytes a header's name consists of.

aiokafka decodes header names while it unpacks a batch, and raises from inside `getmany` at a name
that is not UTF-8: the records before it, also those of other partitions, are then passed over, and
the partition stops there for ever. Here such a name is read as text with its odd bytes as lone
surrogates (`surrogateescape`), so that decoding can call that one record malformed.
"""

import struct
from collections.abc import Iterator
from typing import Any, SupportsIndex, overload

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import (
    _DefaultRecordBatchPy,  # pyright: ignore[reportPrivateUsage]  # the only one to build on
)
from aiokafka.record.memory_records import MemoryRecords

_LENGTH = struct.Struct(">8xi")
"""Every format of a batch begins with its offset and the length of what follows."""


def accept_any_header_name() -> None:
    """Make every consumer of this process read such records; call it before one is started."""
    library: Any = fetcher
    library.MemoryRecords = Batches


class Batches:
    """The batches that one fetch brought of a partition, as aiokafka's fetcher asks for them."""

    def __init__(self, fetched: bytes) -> None:
        self._fetched = memoryview(fetched)
        self._batches: Any = MemoryRecords(fetched)
        self._start = 0

    def has_next(self) -> bool:
        return bool(self._batches.has_next())

    def size_in_bytes(self) -> int:
        return int(self._batches.size_in_bytes())

    def next_batch(self) -> Any:
        batch: Any = self._batches.next_batch()
        (length,) = _LENGTH.unpack_from(self._fetched, self._start)
        end = self._start + _LENGTH.size + length
        raw, self._start = self._fetched[self._start : end], end
        return _Batch(batch, raw)


class _Batch:
    """One batch: the library's own quick reading of it, and a patient one where that fails."""

    def __init__(self, batch: Any, raw: memoryview) -> None:
        self._batch = batch
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            yield from self._batch
        except UnicodeDecodeError:
            yield from _PatientBatch(self._raw)  # the fetcher passes over those that it had


class _PatientBatch(_DefaultRecordBatchPy):  # type: ignore[misc]  # final only to type checkers
    """The library's reading in plain Python, over bytes that decode whatever they are."""

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer: bytearray = _PatientBytes(self._buffer)


class _PatientBytes(bytearray):
    @overload
    def __getitem__(self, index: SupportsIndex, /) -> int: ...
    @overload
    def __getitem__(self, index: slice, /) -> bytearray: ...
    def __getitem__(self, index: SupportsIndex | slice, /) -> int | bytearray:
        found = super().__getitem__(index)
        return _PatientBytes(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", errors: str = "surrogateescape") -> str:
        return super().decode(encoding, errors)
