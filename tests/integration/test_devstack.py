"""devstack on real processes: ports, secrets, restarts, no orphans."""

import os
import signal
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil
import pytest
from devstack.errors import DevstackError, PortsTakenError
from devstack.postgres import forget_dead_postmaster
from devstack.settings import State
from devstack.stack import Stack
from devstack.supervisor import Program, Supervisor, Tier
from devstack.wait import until

from devstack import child, ephemeral, kafka, ports, settings

SLEEP = "import time; time.sleep(600)"


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="rapport-") as name:
        yield Path(name)


@contextmanager
def listening() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind((ports.HOST, 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def sleeper(name: str) -> Program:
    """A program that runs for ever; its signal on the death of the supervisor is the default."""
    command = child.command([sys.executable, "-c", SLEEP])
    return Program(name, Tier.SERVICES, tuple(command), start_seconds=0)


@pytest.fixture
def supervisor(folder: Path) -> Iterator[Supervisor]:
    running = Supervisor(folder / "run", folder / "logs")
    running.start([sleeper("one"), sleeper("two")], {}, detached=False)
    running.launch(sleeper("one"))
    running.launch(sleeper("two"))
    assert until(lambda: all(p.pid for p in running.processes().values()), seconds=10)
    yield running
    running.stop()


# Ports.


def test_a_taken_port_is_named_with_its_owner_and_the_variable_that_chooses_another() -> None:
    with listening() as port, pytest.raises(PortsTakenError) as error:
        ports.require_free({"POSTGRES_PORT": port})
    assert error.value.taken == ((port, "PostgreSQL", "POSTGRES_PORT", ports.another(port)),)
    assert str(port) in str(error.value)
    assert "POSTGRES_PORT=" in str(error.value)


def test_every_taken_port_is_named_at_once() -> None:
    with listening() as one, listening() as two, pytest.raises(PortsTakenError) as error:
        ports.require_free({"KAFKA_PORT": one, "MAIL_PORT": two})
    assert len(error.value.taken) == 2


def test_near_the_upper_end_the_suggested_port_is_still_a_port() -> None:
    assert 0 < ports.another(65000) <= 65535


def test_a_port_that_is_no_port_is_refused(folder: Path) -> None:
    with pytest.raises(DevstackError, match="KAFKA_PORT=banana is no port"):
        settings.choose(State(folder), {"KAFKA_PORT": "banana"})


# Settings.


def test_secrets_are_made_once_and_reused(folder: Path) -> None:
    state = State(folder)
    first = settings.choose(state, {})
    settings.save(state, first)
    assert settings.choose(state, {}).values == first.values


def test_secrets_differ_between_two_systems(folder: Path) -> None:
    one, two = (settings.choose(State(folder / name), {}) for name in "ab")
    assert one.values["RAPPORT_JWT_KEY"] != two.values["RAPPORT_JWT_KEY"]


def test_only_the_owner_may_read_the_secrets(folder: Path) -> None:
    settings.save(State(folder), settings.choose(State(folder), {}))
    assert (folder / "env").stat().st_mode & 0o777 == 0o600


def test_a_value_with_quotes_line_ends_and_dollars_survives_the_file(folder: Path) -> None:
    state, key = State(folder), 'it\'s\n"$HOME" \\ ${PATH} #'
    settings.save(state, settings.choose(state, {"RAPPORT_JWT_KEY": key}))
    assert settings.load(state)["RAPPORT_JWT_KEY"] == key


def test_a_kafka_elsewhere_needs_no_port_here(folder: Path) -> None:
    chosen = settings.choose(State(folder), {"KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092"})
    assert not chosen.own_kafka
    assert "KAFKA_PORT" not in chosen.ports_needed
    assert chosen.values["KAFKA_REPLICATION_FACTOR"] == "3"


def test_a_database_elsewhere_leaves_the_others_here(folder: Path) -> None:
    elsewhere = {"CONTACTS_DATABASE_URL": "postgresql://db.example/contacts"}
    chosen = settings.choose(State(folder), elsewhere)
    others = {"pipeline", "service_desk", "campaigns", "customer_360", "webhooks"}
    assert chosen.own_databases == others
    assert chosen.own_postgres


def test_what_was_elsewhere_comes_home_when_the_environment_says_nothing(folder: Path) -> None:
    state = State(folder)
    elsewhere = {"KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092"}
    settings.save(state, settings.choose(state, elsewhere))
    assert settings.choose(state, {}).own_kafka


# A secured system.


def test_a_secured_folder_stays_secured(folder: Path) -> None:
    state = State(folder)
    settings.save(state, settings.choose(state, {"SECURE": "1"}))
    again = settings.choose(state, {})
    assert again.is_secured
    assert again.values["KAFKA_SECURITY_PROTOCOL"] == "SASL_SSL"
    assert not settings.choose(State(folder / "other"), {}).is_secured


def test_a_log_that_was_made_open_is_not_closed_later(folder: Path) -> None:
    (folder / "log").mkdir()
    (folder / "log" / "meta.properties").touch()
    kafka.require_same_sort(folder, is_secured=False)
    with pytest.raises(DevstackError, match="was made open, and stays so"):
        kafka.require_same_sort(folder, is_secured=True)


def test_a_kafka_elsewhere_is_not_ours_to_secure(folder: Path) -> None:
    elsewhere = {"KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092"}
    with pytest.raises(DevstackError, match="SECURE=1 closes the Kafka of this machine"):
        settings.choose(State(folder), {**elsewhere, "SECURE": "1"})
    user = {"KAFKA_SASL_USERNAME": "me", "KAFKA_SASL_PASSWORD_FILE": "/run/secret"}
    chosen = settings.choose(State(folder), {**elsewhere, **user})
    assert settings.kafka_of(chosen.values).sasl_username == "me"


def test_a_program_is_told_of_its_own_user_alone(folder: Path) -> None:
    values = settings.choose(State(folder), {"SECURE": "1"}).values
    assert values["KAFKA_SASL_USERNAME"] == "admin"
    told = settings.of_one_program(values, "contacts")
    users = {name: value for name, value in told.items() if "SASL_USERNAME" in name}
    assert users == {"KAFKA_SASL_USERNAME": "contacts"}
    assert "KAFKA_CREDENTIALS" not in told
    assert not [name for name in settings.of_one_program(values, None) if "SASL_USERNAME" in name]


# The supervisor.


def test_a_program_that_is_killed_is_started_again(supervisor: Supervisor) -> None:
    before = supervisor.processes()["one"]
    os.kill(before.pid, signal.SIGKILL)
    assert until(lambda: supervisor.processes()["one"].pid not in {0, before.pid}, seconds=10)
    assert supervisor.processes()["one"].restarts == 1
    assert supervisor.processes()["two"].restarts == 0


def test_killing_the_supervisor_leaves_no_orphans(supervisor: Supervisor) -> None:
    pid = supervisor.pid()
    assert pid is not None
    children = psutil.Process(pid).children(recursive=True)
    assert len(children) == 2
    os.kill(pid, signal.SIGKILL)
    assert until(lambda: not any(_lives(each) for each in children), seconds=10)


def test_a_child_that_starts_after_the_death_of_its_parent_ends_at_once() -> None:
    command = child.command([sys.executable, "-c", SLEEP], parent=1_000_000_000)
    assert subprocess.run(command, check=False, timeout=10).returncode == 1


def test_stopping_ends_every_program(supervisor: Supervisor) -> None:
    pids = [psutil.Process(process.pid) for process in supervisor.processes().values()]
    supervisor.stop()
    assert not any(_lives(each) for each in pids)
    assert not supervisor.is_running()


def test_a_folder_with_a_long_path_works_as_well(folder: Path) -> None:
    deep = folder / ("d" * 90)
    running = Supervisor(deep / "run", deep / "logs")
    running.start([sleeper("one")], {}, detached=False)
    assert running.is_running()
    short = running.run.resolve()
    running.stop()
    assert not running.is_running()
    assert not short.exists()


def test_where_the_kernel_does_not_help_a_watcher_ends_the_child(folder: Path) -> None:
    pid_file = folder / "pid"
    writes_pid = f"import os; open({str(pid_file)!r}, 'w').write(str(os.getpid())); {SLEEP}"
    watches = (
        "import os, signal, sys; from devstack.child import watch; "
        f"watch([sys.executable, '-c', {writes_pid!r}], signal.SIGKILL, os.getppid())"
    )
    starts = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {watches!r}])"
    with subprocess.Popen([sys.executable, "-c", starts]) as parent:
        assert until(lambda: pid_file.exists() and pid_file.read_text() != "", seconds=10)
        grandchild = psutil.Process(int(pid_file.read_text()))
        parent.kill()
    assert until(lambda: not _lives(grandchild), seconds=10)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# PostgreSQL and Kafka.


def test_a_pid_file_of_another_program_is_forgotten(folder: Path) -> None:
    pid_file = folder / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{folder}\n")
    forget_dead_postmaster(folder)
    assert not pid_file.exists()


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Servers of our own: the ones that other tests share are not to be killed."""
    with TemporaryDirectory(prefix="rapport-") as name, ephemeral.servers(Path(name)) as running:
        yield running


@pytest.mark.parametrize("name", ["postgres", "kafka"])
def test_a_server_comes_back_after_kill_9(stack: Stack, name: str) -> None:
    killed = stack.supervisor.processes()[name]
    os.kill(killed.pid, signal.SIGKILL)
    assert until(lambda: stack.supervisor.processes()[name].starts > killed.starts, seconds=20)
    stack.await_ready([name])
    assert stack.supervisor.processes()[name].pid != killed.pid


def test_what_was_committed_survives_the_kill(stack: Stack) -> None:
    stack.postgres.create_database("kept", "secret")
    killed = stack.supervisor.processes()["postgres"]
    os.kill(killed.pid, signal.SIGKILL)
    assert until(
        lambda: stack.supervisor.processes()["postgres"].starts > killed.starts, seconds=20
    )
    stack.await_ready(["postgres"])
    assert stack.postgres.has_database("kept")


def test_a_database_is_made_once(stack: Stack) -> None:
    assert stack.postgres.create_database("once", "a") == stack.postgres.create_database(
        "once", "a"
    )


# Mail.


def test_a_mail_is_kept_and_shown(folder: Path) -> None:
    with ephemeral.mail(folder) as stack:
        message = EmailMessage()
        message["From"], message["To"] = "Söder <soder@shop.example>", "Ada@people.example"
        message["Subject"], message["List-Unsubscribe"] = "Grüße <b>", "<http://shop.example/u>"
        message.set_content("Hällo")
        with smtplib.SMTP(ports.HOST, stack.settings.port("SMTP_PORT")) as smtp:
            smtp.send_message(message)
        view = stack.url("mail")
        (shown,) = httpx.get(f"{view}/api/v1/messages").json()["messages"]
        assert shown["To"] == [{"Address": "ada@people.example"}]
        assert shown["Subject"] == "Grüße <b>"
        assert "Grüße &lt;b&gt;" in httpx.get(view).text
        raw = httpx.get(f"{view}/api/v1/message/{shown['ID']}/raw").text
        assert raw.startswith("X-Envelope-To")
        assert "List-Unsubscribe: <http://shop.example/u>" in raw
        assert httpx.get(f"{view}/api/v1/message/nothing/raw").status_code == 404
