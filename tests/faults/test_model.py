"""The model test: whatever people do and whatever crashes, the system is what the model says.

Hypothesis makes the stories. In `make test` they are the same few each time; with FAULTS=full they
are many, and random from a seed that is printed (FAULTS_MODEL_SEED repeats it).
"""

import os
import random
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.faults import counters, report
from tests.faults.conftest import IS_FULL
from tests.faults.log import Log
from tests.faults.mischief import Mischief, telling
from tests.faults.oracle import judge
from tests.faults.rig import Rig

EXAMPLES, STEPS = (10, 20) if IS_FULL else (2, 12)
PICK = st.integers(0, 5)
AMOUNT = st.integers(1, 9999)
SERVICES = st.sampled_from(["contacts", "pipeline", "service-desk", "campaigns", "customer-360"])
WRITERS = st.sampled_from(["contacts", "pipeline", "service-desk", "campaigns"])
OWNERS = st.sampled_from(["anna", "otto", "mia"])
SETTINGS = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    derandomize=not IS_FULL,
    database=None,
    phases=[Phase.generate],  # a story takes seconds: it is told as it was found
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    report_multiple_bugs=False,
)


TOLD = (
    "armed",
    "redelivered",
    "redriven",
    "rebuilt",
    "won",
    "refused",
    "merge-customers",
    "sent on",
    "part-customers",
    "compared",
)
"""What all stories together must have told."""


class Stories(RuleBasedStateMachine):
    """What can happen; the storyteller does it, and asks for what the model predicts."""

    teller: Mischief

    def __init__(self) -> None:
        super().__init__()
        self.teller.begin()

    @initialize()
    def begins_with_a_customer(self) -> None:
        self.teller.create()

    @rule()
    def create(self) -> None:
        self.teller.create()

    @rule(which=PICK, owner=OWNERS)
    def update(self, which: int, owner: str) -> None:
        self.teller.update(which, owner)

    @rule(which=PICK, is_granted=st.booleans(), has_evidence=st.booleans())
    def consent(self, which: int, *, is_granted: bool, has_evidence: bool) -> None:
        self.teller.consent(which, is_granted=is_granted, has_evidence=has_evidence)

    @rule(amount=AMOUNT, which=PICK)
    def open_deal(self, amount: int, which: int) -> None:
        self.teller.open_deal(which, amount)

    @rule(amount=AMOUNT)
    def convert(self, amount: int) -> None:
        self.teller.convert(amount)

    @precondition(lambda self: self.teller.model.deals)
    @rule(which=PICK, is_onboarded=st.booleans())
    def win(self, which: int, *, is_onboarded: bool) -> None:
        self.teller.win(which, is_onboarded=is_onboarded)

    @precondition(lambda self: self.teller.model.deals)
    @rule(which=PICK)
    def lose(self, which: int) -> None:
        self.teller.lose(which)

    @precondition(lambda self: self.teller.model.deals)
    @rule(which=PICK)
    def reopen(self, which: int) -> None:
        self.teller.reopen(which)

    @rule(which=PICK, severity=st.integers(1, 4))
    def open_ticket(self, which: int, severity: int) -> None:
        self.teller.open_ticket(which, severity)

    @precondition(lambda self: self.teller.model.tickets)
    @rule(which=PICK)
    def resolve(self, which: int) -> None:
        self.teller.resolve(which)

    @precondition(lambda self: len(self.teller.model.present) > 1)
    @rule(which=PICK, other=PICK)
    def merge(self, which: int, other: int) -> None:
        self.teller.merge(which, other)

    @precondition(lambda self: self.teller.model.merges)
    @rule()
    def part(self) -> None:
        self.teller.part()

    @precondition(lambda self: self.teller.model.merges)
    @rule(which=PICK)
    def change_the_merged(self, which: int) -> None:
        self.teller.change_the_merged(which)

    @rule(which=PICK)
    def launch(self, which: int) -> None:
        self.teller.launch(which)

    @rule(service=WRITERS)
    def crash_the_relay(self, service: str) -> None:
        self.teller.crash(service, "relay.before-delete")

    @rule(service=SERVICES)
    def crash_a_consumer(self, service: str) -> None:
        self.teller.crash(service, "consumer.after-commit")

    @rule(which=PICK)
    def redeliver_a_batch(self, which: int) -> None:
        self.teller.redeliver(which)

    @rule(which=PICK, amount=AMOUNT)
    def park_and_redrive_an_order(self, which: int, amount: int) -> None:
        self.teller.park_and_redrive(which, amount)

    @rule()
    def rebuild(self) -> None:
        self.teller.rebuild()

    @invariant()
    def what_was_answered_can_be_read(self) -> None:
        self.teller.read_own_writes()

    def teardown(self) -> None:
        self.teller.make_up()
        self.teller.compare()


@pytest.fixture
def teller(rig: Rig) -> Iterator[Mischief]:
    with telling(rig) as storyteller:
        yield storyteller


def test_the_system_is_what_the_model_says(teller: Mischief, rig: Rig, log: Log) -> None:
    chosen = int(os.environ.get("FAULTS_MODEL_SEED", random.SystemRandom().randrange(2**32)))
    machine = type("Stories", (Stories,), {"teller": teller})
    if IS_FULL:
        machine = seed(chosen)(machine)
        report.tell(f"model test: FAULTS_MODEL_SEED={chosen}")
    had = counters.count(rig, teller.history, log)
    run_state_machine_as_test(machine, settings=SETTINGS)
    verdict = teller.wait(judge(rig, teller.history, log))
    met = counters.count(rig, teller.history, log)
    met.subtract(had)
    suite = report.suite("Stories that the model predicts", "step")
    suite.note(teller.told, verdict, Counter({**met, "examples": teller.examples}))
    report.tell(f"model test: {teller.examples} examples, {sum(teller.told.values())} steps")
    assert verdict.is_clean, str(verdict)
    for step in TOLD:
        assert teller.told[step] > 0, f"no {step}"
    for counter in ("repeated", "parked", "deaths"):
        assert met[counter] > 0, counter
