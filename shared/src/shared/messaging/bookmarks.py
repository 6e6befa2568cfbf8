"""Bookmarks: where a reader stands in a service's topics, as a cursor that only we can write.

A cursor holds the next offset of every partition of every topic that was read, so it says the same
in each process of the service and needs no memory of us. It is signed: one that was made up or cut
short is told from one that the log has left behind.
"""

import base64
import binascii
import hashlib
import hmac
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from shared.contracts.topic import PARTITIONS
from shared.errors import InvalidError

FROM_THE_START = -1
"""The place of whoever has read nothing of a partition yet: wherever its log begins."""

_FORM = b"\x01"
_SIGNATURE = 12
_TOPIC = 4


class CursorNotOursError(InvalidError):
    """This cursor is none that the service gave out: use the last that you kept, or none at all."""


@dataclass(slots=True)
class Bookmark:
    """The next offset by topic and partition; topics that it does not name are read from the start.

    What of it was written last is kept, so that the next one costs only what moved.
    """

    places: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    _written: dict[str, bytes] = field(default_factory=dict[str, bytes])

    def at(self, partition: TopicPartition) -> int:
        """The next offset that is to be read."""
        places = self.places.get(partition.topic)
        return FROM_THE_START if places is None else places[partition.partition]

    def move(self, partition: TopicPartition, offset: int) -> None:
        """Stand before this offset."""
        places = self.places.setdefault(partition.topic, [FROM_THE_START] * PARTITIONS)
        if places[partition.partition] != offset:
            places[partition.partition] = offset
            self._written.pop(partition.topic, None)

    def copy(self) -> "Bookmark":
        """The same places, to be moved apart."""
        return Bookmark({topic: list(p) for topic, p in self.places.items()}, dict(self._written))

    def written(self) -> bytes:
        """All places as bytes: per topic its checksum and a varint per partition."""
        for topic, places in self.places.items():
            if topic not in self._written:
                numbers = b"".join(_varint(offset + 1) for offset in places)
                self._written[topic] = _checksum(topic) + numbers
        return b"".join(self._written[topic] for topic in sorted(self.places))


@dataclass(frozen=True, slots=True)
class Cursors:
    """Writes and reads the cursors of one service."""

    service: str
    secret: str
    topics: Iterable[str]

    def write(self, bookmark: Bookmark) -> str:
        """The bookmark as an opaque text."""
        body = _FORM + bookmark.written()
        return base64.urlsafe_b64encode(body + self._signature(body)).rstrip(b"=").decode()

    def read(self, cursor: str) -> Bookmark:
        """The bookmark in a cursor; raises `CursorNotOursError`."""
        try:
            raw = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        except (ValueError, binascii.Error) as error:
            raise CursorNotOursError from error
        body, signature = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
        if body[:1] != _FORM or not hmac.compare_digest(signature, self._signature(body)):
            raise CursorNotOursError
        return Bookmark(_read(body[1:], {_checksum(topic): topic for topic in self.topics}))

    def _signature(self, body: bytes) -> bytes:
        key = f"rapport.cursor.{self.service}.{self.secret}".encode()
        return hmac.digest(key, body, hashlib.sha256)[:_SIGNATURE]


def _read(body: bytes, topics: Mapping[bytes, str]) -> dict[str, list[int]]:
    """The places in a body; what stood on a topic that is no more is passed over."""
    places: dict[str, list[int]] = {}
    at = 0
    while at < len(body):
        topic = topics.get(body[at : at + _TOPIC])
        at += _TOPIC
        offsets: list[int] = []
        for _ in range(PARTITIONS):
            number, at = _read_varint(body, at)
            offsets.append(number - 1)
        if topic is not None:
            places[topic] = offsets
    return places


def _checksum(topic: str) -> bytes:
    return zlib.crc32(topic.encode()).to_bytes(_TOPIC, "big")


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:  # noqa: PLR2004 -- seven bits a byte
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def _read_varint(body: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = body[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte <= 0x7F:  # noqa: PLR2004
            return number, at
        shift += 7
