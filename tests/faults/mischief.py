"""Mischief: what befalls the system in a story; but for an order, the model stays as it is."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from decimal import Decimal

import httpx
from devstack.services import CORE
from shared.contracts.contacts import CUSTOMER_STATE
from shared.contracts.pipeline import DEAL_EVENTS
from shared.contracts.service_desk import TICKET_EVENTS
from shared.ids import new_id

from tests.faults.client import TIMEOUT, Client, Pace
from tests.faults.erp import Erp
from tests.faults.history import History
from tests.faults.poison import Operator, poison_order
from tests.faults.rig import Rig
from tests.faults.story_of_merges import Merger
from tests.faults.storyteller import A_STEP_MAY_TAKE, PATIENCE, picked
from tests.faults.waiting import eventually
from tests.faults.world import SESSION_DAY, Order
from tests.redelivery import redeliver

COPIES = 3
REDELIVERED = (DEAL_EVENTS.name, CUSTOMER_STATE.name, TICKET_EVENTS.name)


class Mischief(Merger):
    """A storyteller who also breaks things."""

    def crash(self, service: str, place: str) -> None:
        """The next time that the service comes to this place, it dies there."""
        self.rig.arm(service, [f"{place}=kill@1"])
        self.told["armed"] += 1

    def redeliver(self, which: int) -> None:
        topic = REDELIVERED[which % len(REDELIVERED)]
        self.told["redelivered"] += self.wait(redeliver(self.rig.kafka, topic, COPIES))

    def park_and_redrive(self, which: int, amount: int) -> None:
        """An order whose first revision is no JSON: it is discarded, the one behind redriven."""
        customer_id = picked(self.model.names, which)
        ref = self.model.names[customer_id].removeprefix("Model ")
        if ref == self.model.names[customer_id]:
            return  # it came of a lead: the ERP has no name for it
        self.wait(self._park_and_redrive(ref, amount))
        now = self.model.now(customer_id)
        self.model.orders.setdefault(now, []).append(Decimal(amount))
        self.told["redriven"] += 1

    async def _park_and_redrive(self, ref: str, amount: int) -> None:
        order = Order(f"MODEL-{new_id()}", ref, 1, f"{amount}.00", SESSION_DAY)
        operator = Operator(self.rig.process("pipeline").url, self.rig.values["RAPPORT_JWT_KEY"])
        await poison_order(self.erp, order)
        bad, behind = await operator.await_queue(order.number, 2)
        assert (bad["reason"], behind["reason"]) == ("undecodable-body", "behind-parked")
        await operator.discard(bad["parked_id"])

        async def is_redriven() -> bool:
            await operator.try_redrive(behind["parked_id"])
            return not await operator.queue(order.number)

        await eventually(is_redriven, f"{order.number} is redriven", PATIENCE)

    def make_up(self) -> None:
        """A story ends with the mischief that none has had yet: a few of them may miss some.

        It befalls a customer that is another one by now, where none has been merged yet.
        """
        if not self.model.names:
            return
        is_merging = not self.told["merge-customers"]
        if is_merging:
            self._merge_a_seller()
        if not self.told["armed"]:
            self.crash("pipeline", "relay.before-delete")
        if not self.told["redriven"]:
            self.park_and_redrive(1, 1)
        if not self.told["redelivered"]:
            self.redeliver(0)
        if not self.told["rebuilt"]:
            self.rebuild()
        self._make_up_deals()
        if is_merging or (self.model.merges and not self.told["part-customers"]):
            self.change_the_merged(0)
            self.part()

    def _merge_a_seller(self) -> None:
        """What the second one sells is won when it is the first one's: then that one is a buyer."""
        self.create()
        self.open_deal(1, 1)
        self.merge(0, 0)
        self.win(len(self.model.deals) - 1, is_onboarded=True)

    def _make_up_deals(self) -> None:
        if not (self.told["lost"] and self.told["refused"]):
            self.open_deal(1, 1)
            self.lose(len(self.model.deals) - 1)
            self.win(len(self.model.deals) - 1, is_onboarded=True)  # refused: it is lost
        if not self.told["won"]:
            self.open_deal(0, 1)
            self.win(len(self.model.deals) - 1, is_onboarded=True)

    def rebuild(self) -> None:
        """The whole 360 anew, while it serves."""
        command = [sys.executable, "-m", "customer_360.rebuilding", "run"]
        environment = {**self.rig.stack.environment}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=180, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        self.told["rebuilt"] += 1


@contextmanager
def telling(rig: Rig) -> Generator[Mischief]:
    """A storyteller whose loop runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    history = History()

    async def begin() -> Mischief:
        http = httpx.AsyncClient(timeout=TIMEOUT)
        client = Client(
            urls={one.name: rig.process(one.name).url for one in CORE},
            jwt_key=rig.values["RAPPORT_JWT_KEY"],
            history=history,
            pace=Pace(1000.0),
            prefix=f"model-{new_id()}",
            http=http,
            strangers=[],
        )
        return Mischief(rig, loop, client, Erp(rig.kafka), history)

    teller = asyncio.run_coroutine_threadsafe(begin(), loop).result(A_STEP_MAY_TAKE)
    try:
        yield teller
    finally:
        teller.wait(teller.erp.close())
        teller.wait(teller.client.http.aclose())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
