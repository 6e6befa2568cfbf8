"""supervisord, configured and spoken to: it starts, restarts and stops the processes of one system.

What `supervisord` lacks, `devstack.child` adds: when the supervisor itself is killed, so are its
children. Programs belong to a tier; tiers stop in reverse order, the programs of one together.
"""

import configparser
import http.client
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import xmlrpc.client
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any, cast

import psutil

from devstack import child, wait
from devstack.errors import DevstackError, last_lines

_LONGEST_SOCKET_PATH = 100
_STARTED: dict[int, "subprocess.Popen[bytes]"] = {}  # those of this very process, to be reaped


class Tier(IntEnum):
    """What starts after what; stopping goes the other way."""

    SERVERS = 1
    MAIL = 2
    SERVICES = 3


@dataclass(frozen=True)
class Program:
    """One process to keep alive; its `command` must die with its parent (see devstack.child)."""

    name: str
    tier: Tier
    command: tuple[str, ...]
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: int = 20
    start_seconds: int = 2
    environment: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def full_name(self) -> str:
        return f"{self.tier.name.lower()}:{self.name}"


@dataclass(frozen=True)
class Process:
    """What the supervisor says of one program."""

    name: str
    state: str
    pid: int
    uptime_seconds: int
    starts: int

    @property
    def restarts(self) -> int:
        return max(self.starts - 1, 0)

    @property
    def is_running(self) -> bool:
        return self.state in {"STARTING", "RUNNING"}


@dataclass(frozen=True)
class Supervisor:
    """The supervisor of one state folder, running or not."""

    run: Path
    logs: Path

    @property
    def _log(self) -> Path:
        return self.logs / "supervisor.log"

    def log_of(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def is_running(self) -> bool:
        return self.pid() is not None

    def pid(self) -> int | None:
        """Give the supervisor's process, also while it shuts down; None when there is none."""
        pid_file = self.run / "supervisord.pid"
        written = pid_file.read_text() if pid_file.exists() else ""
        pid = int(written or 0)  # it is empty for a moment while it is being written
        return pid if pid and _is_alive(pid) and self._answers() else None

    def _answers(self) -> bool:
        try:
            self._call("supervisor.getPID")
        except xmlrpc.client.Fault:
            return True
        except OSError:
            return False
        return True

    def start(
        self, programs: Sequence[Program], environment: Mapping[str, str], *, detached: bool
    ) -> None:
        """Start supervisord, nothing under it yet; unless `detached` it ends with our process."""
        self.logs.mkdir(parents=True, exist_ok=True)
        _make_run_folder(self.run)
        self._log.unlink(missing_ok=True)
        config = self.run / "supervisord.conf"
        _write_config(config, self._settings(), programs, self.logs)
        command = [
            sys.executable,
            "-P",
            "-m",
            "supervisor.supervisord",
            "--nodaemon",
            "-c",
            str(config),
        ]
        if not detached:
            command = child.command(command, signal.SIGTERM, parent=os.getpid())
        with (self.run / "stderr").open("w") as stderr:
            process = subprocess.Popen(  # noqa: S603
                command,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
            )
        _STARTED[process.pid] = process
        alive = wait.until(lambda: self.is_running() or process.poll() is not None, seconds=20)
        if not alive or process.poll() is not None:
            said = last_lines(self._log, 5) + last_lines(self.run / "stderr", 5)
            raise DevstackError("The supervisor did not start:\n" + "\n".join(said))

    def _settings(self) -> dict[str, dict[str, str]]:
        root = {"user": "root"} if os.geteuid() == 0 else {}
        return {
            "unix_http_server": {"file": str(self._socket()), "chmod": "0600"},
            "supervisord": {
                "logfile": str(self._log),
                "pidfile": str(self.run / "supervisord.pid"),
                "childlogdir": str(self.logs),
                "silent": "true",
                **root,
            },
            "rpcinterface:supervisor": {
                "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
            },
        }

    def _socket(self) -> Path:
        return self.run.resolve() / "supervisor.sock"

    def launch(self, program: Program) -> None:
        """Start `program` unless it runs; does not wait for it."""
        try:
            self._call("supervisor.startProcess", program.full_name, False)  # noqa: FBT003
        except xmlrpc.client.Fault as fault:
            if "ALREADY_STARTED" not in fault.faultString:
                raise DevstackError(
                    f"{program.name} can't be started: {fault.faultString}"
                ) from fault

    def restart(self, name: str) -> None:
        """Stop the program called `name`, wait for its end, start it."""
        info = next((p for p in self._infos() if p["name"] == name), None)
        if info is None:
            raise DevstackError(f"There is no program {name!r}.")
        target = f"{info['group']}:{name}"
        try:
            self._call("supervisor.stopProcess", target)
        except xmlrpc.client.Fault as fault:
            if "NOT_RUNNING" not in fault.faultString:
                raise
        self._call("supervisor.startProcess", target, False)  # noqa: FBT003

    def stop(self, *, seconds: float = 60) -> None:
        """Stop every program, tier by tier, then the supervisor; returns when all of it is gone."""
        pid = self.pid()
        if pid is None:
            return
        self._call("supervisor.shutdown")
        if not wait.until(lambda: not _is_alive(pid), seconds=seconds):
            raise DevstackError(f"The supervisor (pid {pid}) did not stop within {seconds:.0f} s.")
        if self.run.is_symlink():
            shutil.rmtree(self.run.resolve())
            self.run.unlink()

    def processes(self) -> dict[str, Process]:
        spawns = self._spawns()
        return {info["name"]: _process(info, spawns) for info in self._infos()}

    def _infos(self) -> list[dict[str, Any]]:
        try:
            return cast("list[dict[str, Any]]", self._call("supervisor.getAllProcessInfo"))
        except OSError:
            return []

    def _spawns(self) -> Counter[str]:
        if not self._log.exists():
            return Counter()
        return Counter(re.findall(r"spawned: '(\S+)' with pid", self._log.read_text()))

    def _call(self, method: str, *arguments: object) -> object:
        proxy = xmlrpc.client.ServerProxy("http://supervisor", _UnixTransport(self._socket()))
        with proxy:
            call = getattr(proxy, method)
            return cast("object", call(*arguments))


class _UnixTransport(xmlrpc.client.Transport):
    """XML-RPC over a Unix socket; `close` comes with the proxy's end."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._unix = _UnixConnection(path)

    def make_connection(self, host: object) -> http.client.HTTPConnection:  # noqa: ARG002
        return self._unix

    def close(self) -> None:
        self._unix.close()


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("supervisor", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(str(self._path))
        except OSError:
            self.sock.close()
            raise


def _is_alive(pid: int) -> bool:
    if pid in _STARTED and _STARTED[pid].poll() is not None:
        return False
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _process(info: Mapping[str, Any], spawns: Counter[str]) -> Process:
    alive = info["pid"] != 0
    return Process(
        name=info["name"],
        state=info["statename"],
        pid=info["pid"],
        uptime_seconds=info["now"] - info["start"] if alive else 0,
        starts=spawns[info["name"]],
    )


def _make_run_folder(run: Path) -> None:
    """Make `run`; where a socket in it would have too long a path, as a link to a short one."""
    if len(str(run / "supervisor.sock")) <= _LONGEST_SOCKET_PATH:
        run.mkdir(parents=True, exist_ok=True)
    elif not run.exists():
        run.unlink(missing_ok=True)
        run.parent.mkdir(parents=True, exist_ok=True)
        run.symlink_to(tempfile.mkdtemp(prefix="rapport-"))


def _write_config(
    path: Path, settings: Mapping[str, Mapping[str, str]], programs: Sequence[Program], logs: Path
) -> None:
    config = configparser.RawConfigParser()
    config.read_dict(settings)
    for tier in sorted({program.tier for program in programs}):
        members = [program.name for program in programs if program.tier is tier]
        section = {"programs": ",".join(members), "priority": str(tier.value)}
        config.read_dict({f"group:{tier.name.lower()}": section})
    for program in programs:
        config.read_dict({f"program:{program.name}": _section(program, logs)})
    with path.open("w") as file:
        config.write(file)


def _section(program: Program, logs: Path) -> dict[str, str]:
    own = {"environment": _environment(program.environment)} if program.environment else {}
    return own | {
        "command": shlex.join(program.command).replace("%", "%%"),
        "autostart": "false",
        "autorestart": "true",
        "startsecs": str(program.start_seconds),
        "startretries": "100",  # each a second later than the one before
        "stopsignal": program.stop_signal.name.removeprefix("SIG"),
        "stopwaitsecs": str(program.stop_seconds),
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": str(logs / f"{program.name}.log").replace("%", "%%"),
        "stdout_logfile_maxbytes": "50MB",
        "stdout_logfile_backups": "1",
    }


def _environment(variables: Mapping[str, str]) -> str:
    """Variables as supervisord reads them: quoted, a percent sign doubled."""
    escaped = {name: value.replace("%", "%%") for name, value in variables.items()}
    return ",".join(f'{name}="{value}"' for name, value in escaped.items())
