"""The composition root of the process that helps with large imports (see contacts.import_helper).

It takes over the import in hand, does what else there is, and ends; or ends at once with the
process that started it, which holds the other end of its standard input.
"""

import asyncio
import os
import sys

import uvloop
from shared.db import open_pool
from shared.garbage import spare_the_collector
from shared.logs import configure_logs
from shared.settings import from_environment

from contacts.config import Settings
from contacts.imports.handlers import take_over_imports


async def main() -> None:
    settings = from_environment(Settings)
    configure_logs("contacts")
    asyncio.get_running_loop().add_reader(sys.stdin, os._exit, 1)
    async with await open_pool(settings.database_url.get_secret_value(), max_size=1) as pool:
        spare_the_collector()
        await take_over_imports(pool, settings.point_rules)


if __name__ == "__main__":
    uvloop.run(main())
