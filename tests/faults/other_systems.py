"""Other systems that publish on Kafka, and repeat what may be lost."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from shared.settings import KafkaSettings

PATIENCE = 120.0

Headers = Sequence[tuple[str, bytes]]


@dataclass
class OtherSystem:
    """One producer of another system; made anew when the broker was away."""

    kafka: KafkaSettings
    acknowledged: int = 0
    repeats: int = 0
    _producer: Any = None

    async def send(self, topic: str, key: str, value: bytes | None, headers: Headers) -> None:
        """Send one record until it is acknowledged: a repeat has the same id."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                producer = await self._started()
                await producer.send_and_wait(topic, value, key=key.encode(), headers=list(headers))
            except (KafkaError, OSError):
                if time.monotonic() > deadline:
                    raise
                self.repeats += 1
                await self.close()
                await asyncio.sleep(0.25)
            else:
                self.acknowledged += 1
                return

    async def _started(self) -> Any:
        if self._producer is None:
            producer = AIOKafkaProducer(
                **self.kafka.client_options(), enable_idempotence=True, acks="all"
            )
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            if self._producer is not None:  # somebody else was quicker
                await producer.stop()
                return await self._started()
            self._producer = producer
        return self._producer

    async def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()
