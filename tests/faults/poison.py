"""Poison: records that can never be applied, and how an operator gets rid of them over HTTP."""

from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from shared.auth import issue_token
from shared.cause import Cause
from shared.contracts.external import ERP_ORDERS, ErpOrderChanged
from shared.ids import new_id
from shared.messaging.envelope import write_headers
from shared.telemetry import new_trace

from tests.faults.client import SERVER_FAULT, Json
from tests.faults.erp import Erp
from tests.faults.waiting import eventually
from tests.faults.world import Order

PATIENCE = 90.0


def headers_of(key: str, version: int) -> list[tuple[str, bytes]]:
    """Sound headers for an order of the ERP, whatever its body is."""
    cause = Cause("service:erp", datetime.now(UTC), key, new_trace())
    headers = write_headers(new_id(), ErpOrderChanged, key, version, cause)
    return [(name, value.encode()) for name, value in headers.items()]


async def poison_order(erp: Erp, order: Order) -> None:
    """Publish an order whose first revision is no JSON, and whose second one waits behind it."""
    await erp.send(ERP_ORDERS.name, order.number, b'{"order_no": ', headers_of(order.number, 1))
    order.revision = 2
    await erp.publish(order, "paid")


@dataclass
class Operator:
    """Who looks after parked records of one service; repeats what got no answer."""

    url: str
    jwt_key: str

    async def queue(self, key: str) -> list[Json]:
        """What waits on a key, oldest first."""
        page = await self._until_answered("GET", "/v1/parked?limit=200")
        return [item for item in page.json()["items"] if item["key"] == key]

    async def await_queue(self, key: str, length: int) -> list[Json]:
        async def look() -> list[Json] | None:
            queue = await self.queue(key)
            return queue if len(queue) >= length else None

        return await eventually(look, f"{length} records are parked on {key}", PATIENCE)

    async def discard(self, parked_id: str) -> None:
        body = {"reason": "poison"}
        await self._until_answered("POST", f"/v1/parked/{parked_id}/discard", json=body)

    async def try_redrive(self, parked_id: str) -> httpx.Response | None:
        """Ask once; None where no answer came."""
        return await self._ask("POST", f"/v1/parked/{parked_id}/redrive")

    async def begin_resync(self, key: str, *aggregates: str) -> None:
        """Ask for it as often as it takes; by its key it is one resync."""
        body = {"aggregates": aggregates}
        headers = {"Idempotency-Key": key}
        await self._until_answered("POST", "/v1/resync", json=body, headers=headers)

    async def begin_handover(self, key: str, from_owner_id: str, to_owner_id: str) -> None:
        """Ask contacts for it as often as it takes; by its key it is one handover."""
        body = {
            "from_owner_id": from_owner_id,
            "to_owner_id": to_owner_id,
            "reason_code": "request",
        }
        headers = {"Idempotency-Key": key}
        await self._until_answered("POST", "/v1/handovers", json=body, headers=headers)

    async def meet_somebody(self, key: str) -> str:
        """A person with a customer of their own and a consent, whom the load knows nothing of."""
        customer = await self._create("/v1/customers", key, kind="individual", display_name=key)
        member = {"customer_id": customer["customer_id"], "is_primary": True}
        point = {"type": "email", "value": f"{key}@asks.example"}
        person = await self._create(
            "/v1/contacts",
            key,
            given_name="Kim",
            family_name=key,
            points=[point],
            memberships=[member],
        )
        contact_id = str(person["contact_id"])
        allowed = {"channel": "email", "purpose": "newsletter", "source": "load"}
        path = f"/v1/contacts/{contact_id}/consents/grant"
        await self._until_answered("POST", path, json=allowed)
        return contact_id

    async def ask_about_data(self, kind: str, contact_id: str) -> None:
        """Ask for an erasure or an export, verify it, and start it; each as often as it takes."""
        request = await self._create(f"/v1/privacy/{kind}", contact_id, contact_id=contact_id)
        path = f"/v1/privacy/requests/{request['request_id']}"
        await self._until_answered("POST", f"{path}/verify", json={"method": "passport"})
        begin = path if kind == "erasures" else f"/v1/privacy/exports/{request['request_id']}"
        await self._until_answered("POST", f"{begin}/start", json={})

    async def _create(self, path: str, key: str, **body: Json) -> Json:
        headers = {"Idempotency-Key": key}
        answer = await self._until_answered("POST", path, json=body, headers=headers)
        answer.raise_for_status()
        return answer.json()

    async def _until_answered(self, method: str, path: str, **options: Json) -> httpx.Response:
        return await eventually(
            lambda: self._ask(method, path, **options), f"{path} is answered", PATIENCE
        )

    async def _ask(self, method: str, path: str, **options: Json) -> httpx.Response | None:
        token = issue_token(self.jwt_key, "operator", ["admin"])
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(timeout=10, headers=headers) as http:
            try:
                answer = await http.request(method, f"{self.url}{path}", **options)
            except httpx.TransportError:
                return None
        return answer if answer.status_code < SERVER_FAULT else None
