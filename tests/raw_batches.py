"""Batches for Kafka with what no Python client would send: header names that are not UTF-8."""

import gzip
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.record.util import calc_crc32c

PLACEHOLDER = "xx-name-xx"
WILD_NAME = b"\xff\xfe-name-xx"
"""As long as the placeholder whose bytes it takes."""

_LENGTH, _CRC, _ATTRIBUTES, _RECORDS = slice(8, 12), slice(17, 21), slice(21, 23), slice(61, None)
_GZIP = b"\x00\x01"

Record = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes | None]]]


async def send_wild(
    producer: AIOKafkaProducer,
    topic: str,
    partition: int,
    records: Sequence[Record],
    *,
    is_compressed: bool = False,
) -> int:
    """Send records as one batch, and answer the first one's offset.

    Every header called `PLACEHOLDER` becomes `WILD_NAME`.

    The producer must not be idempotent: it would change the bytes after they were summed.
    """
    batch: Any = producer.create_batch()
    for key, value, headers in records:
        assert batch.append(timestamp=None, key=key, value=value, headers=list(headers))
    raw = bytearray(batch._build())  # noqa: SLF001 -- the bytes are what this is about
    at = raw.find(PLACEHOLDER.encode())
    while at >= 0:
        raw[at : at + len(WILD_NAME)] = WILD_NAME
        at = raw.find(PLACEHOLDER.encode())
    if is_compressed:
        raw[_RECORDS] = gzip.compress(raw[_RECORDS])
        raw[_LENGTH] = (len(raw) - _LENGTH.stop).to_bytes(4, "big")
        raw[_ATTRIBUTES] = _GZIP
    raw[_CRC] = calc_crc32c(raw[_CRC.stop :]).to_bytes(4, "big")
    batch._buffer = raw  # noqa: SLF001 -- as above
    sent: Any = await (await producer.send_batch(batch, topic, partition=partition))
    return int(sent.offset)
