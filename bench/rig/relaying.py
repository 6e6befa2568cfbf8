"""The relay of a database as a process of its own: python -m rig.relaying URL BOOTSTRAP."""

import asyncio
import sys

from shared.messaging.relay import Relay
from shared.settings import KafkaSettings

if __name__ == "__main__":
    kafka = KafkaSettings(bootstrap_servers=sys.argv[2], replication_factor=1)
    asyncio.run(Relay("bench", sys.argv[1], kafka.client_options()).run())
