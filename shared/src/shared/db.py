"""PostgreSQL: the pool, transactions, and the few things that every store needs."""

import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

import asyncpg

from shared.errors import Refusal, StaleVersionError

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:  # asyncpg's classes are generic in their stubs only
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool

ResultT = TypeVar("ResultT")

COMMAND_TIMEOUT = 30.0
"""Seconds after which a statement is given up."""

CONNECT_TIMEOUT = 10.0
"""Seconds after which an attempt to connect is given up; asyncpg's own is 60."""

_NOTICES_SILENCE = {
    "TCP_KEEPIDLE": 2,
    "TCP_KEEPINTVL": 1,
    "TCP_KEEPCNT": 4,
    "TCP_USER_TIMEOUT": 6000,
}
"""The kernel of a server that lives answers within milliseconds, however busy PostgreSQL is: six
seconds of silence are the network's. Without these a statement waits for `COMMAND_TIMEOUT`, one
after the other on each connection of the pool, and every request behind it."""

_SERVER_NOTICES_SILENCE = {
    "tcp_keepalives_idle": "2",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "4",
    "tcp_user_timeout": "6000",
    "client_connection_check_interval": "1000",
}
"""The same for the server: by its defaults the transactions of a client that was cut off keep their
locks for two hours, and every other process of the service waits for them."""

LEFT_OPEN_TIMEOUT = 30.0
"""Seconds after which the server gives up a transaction of which it hears nothing more.

Silence on the wire is noticed sooner; but what stands between (a pooler, a load balancer, a proxy)
may keep the server's side open and well when the client behind it is gone, and its locks with it.
"""

ATTEMPTS = 3
"""How often a command is tried that lost a race for its row."""

_INFRASTRUCTURE_FAULTS = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what a connection says that was ended while it was idle
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.PostgresSystemError,
    OSError,
    TimeoutError,
)


def is_infrastructure_fault(error: BaseException) -> bool:
    """Whether the world around a statement failed (try again), and not its data (never again).

    asyncpg raises a bad argument as an `InterfaceError` too, but then it is a `ValueError`.
    """
    return isinstance(error, _INFRASTRUCTURE_FAULTS) and not isinstance(error, ValueError)


async def open_pool(url: str, *, max_size: int = 10) -> Pool:
    """A pool for one service database; raises `OSError` or asyncpg's errors where there is none."""
    left_open = {"idle_in_transaction_session_timeout": f"{LEFT_OPEN_TIMEOUT * 1000:.0f}"}
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=max_size,
        timeout=CONNECT_TIMEOUT,
        command_timeout=COMMAND_TIMEOUT,
        server_settings={**_SERVER_NOTICES_SILENCE, **left_open},
        init=notice_silence,
        reset=_leave_as_it_is,
    )


async def notice_silence(connection: Connection) -> None:
    """Let a new connection break when the server is silent for six seconds, even for good."""
    transport = cast("Any", connection)._transport  # noqa: SLF001 -- asyncpg gives no other way
    end: socket.socket = transport.get_extra_info("socket")
    if end.family == socket.AF_UNIX:
        return
    end.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _NOTICES_SILENCE.items():
        if hasattr(socket, name):  # not every system has each of them
            end.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def _leave_as_it_is(connection: Connection) -> None:
    """Nothing here changes a session, so no connection needs a round trip to be made new."""
    del connection


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncGenerator[Connection]:
    """One connection in one transaction: commits at the end of the block, or nothing happened."""
    async with pool.acquire() as connection, connection.transaction():
        yield connection


async def with_retries(command: Callable[[], Awaitable[ResultT]]) -> ResultT:
    """Run a command whose transaction may lose a race; the third loss is the caller's 409."""
    for _ in range(ATTEMPTS - 1):
        try:
            return await command()
        except (StaleVersionError, asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
            continue
    try:
        return await command()
    except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError) as error:
        raise StaleVersionError from error


@contextmanager
def refusing(refusals: Mapping[str, type[Refusal]], **details: object) -> Generator[None]:
    """Turn the violation of a named constraint into the refusal that it stands for."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        refusal = refusals.get(error.constraint_name or "")
        if refusal is None:
            raise
        raise refusal(**details) from error


def rows_affected(status: str) -> int:
    """The count in a command tag such as `UPDATE 3`."""
    return int(status.rsplit(" ", 1)[-1])
