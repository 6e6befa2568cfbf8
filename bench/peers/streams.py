"""Kafka Streams: its jars from Maven, and peers/StreamsFolding.java compiled once for a row."""

import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

from devstack.errors import DevstackError
from devstack.kafka_jars import KAFKA_VERSION, LOGGING, Bundle, jars, java
from rich.console import Console
from rig.processes import BENCH
from rig.projecting import Contestant

STREAMS = Bundle(
    f"Kafka Streams {KAFKA_VERSION}",
    f"streams-{KAFKA_VERSION}",
    (
        ("org.apache.kafka", "kafka-streams", KAFKA_VERSION),
        ("com.fasterxml.jackson.core", "jackson-databind", "2.21.2"),
        ("org.postgresql", "postgresql", "42.7.13"),
        LOGGING,
    ),
    90_000_000,
)
SOURCE = BENCH / "peers" / "StreamsFolding.java"


def compile_into(folder: Path, console: Console) -> str:
    """Compile the fold into `folder`, and give the class path; raises devstack's error."""
    javac = shutil.which("javac")
    if javac is None:
        raise DevstackError("There is no javac on this machine.")
    libraries = jars(console, STREAMS)
    folder.mkdir(parents=True)
    done = subprocess.run(  # noqa: S603 -- our own source
        [javac, "-cp", f"{libraries}/*", "-d", str(folder), str(SOURCE)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DevstackError(f"{SOURCE.name} can't be compiled:\n{done.stderr}")
    return f"{folder}:{libraries}/*"


def contestant(class_path: str, bootstrap: str, url: str, state: Path) -> Contestant:
    """The process that folds into the tables of `url`."""
    command = [str(java()), "-Xms256m", "-Xmx1g", "-cp", class_path, "StreamsFolding"]
    application = f"bench.{state.name}"
    return Contestant(state.name, [*command, bootstrap, _jdbc(url), application, str(state)], {})


def _jdbc(url: str) -> str:
    address = urlsplit(url)
    password = unquote(address.password or "")
    where = f"jdbc:postgresql://{address.hostname}:{address.port}{address.path}"
    return f"{where}?user={address.username}&password={password}"
