"""contacts beside campaigns: the real service, which knows what campaigns was told, or better."""

import httpx
from fastapi import FastAPI
from shared.db import Pool

_CONSENTS = """
INSERT INTO consents (consent_id, version, contact_id, channel, purpose, status, since, source,
    effective_from, expires_at)
SELECT gen_random_uuid(), version, contact_id, channel, purpose, status, now(), 'test',
    effective_from, expires_at
FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
    $7::timestamptz[]) AS told (version, contact_id, channel, purpose, status, effective_from,
    expires_at)
ON CONFLICT ON CONSTRAINT consents_subject_key DO UPDATE SET
    version = excluded.version, status = excluded.status
WHERE consents.version < excluded.version
"""
_SUPPRESSIONS = """
INSERT INTO suppressions (suppression_id, version, subject_hash, channel, scope, reason_code,
    is_active, changed_at)
SELECT *, 'test', true, now()
FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[])
ON CONFLICT (suppression_id) DO NOTHING
"""


class OwnerOfConsents(httpx.ASGITransport):
    """Before each answer it catches up with the facts that the test gave to campaigns."""

    def __init__(self, app: FastAPI, pool: Pool, campaigns: Pool) -> None:
        super().__init__(app)
        self.pool = pool
        self._campaigns = campaigns
        self.is_silent = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.is_silent:
            raise httpx.ConnectError("contacts is down", request=request)
        await self.catch_up()
        return await super().handle_async_request(request)

    async def catch_up(self) -> None:
        told = "version, contact_id, channel, purpose, status, effective_from, expires_at"
        await self._copy(f"SELECT {told} FROM consents", _CONSENTS)
        told = "suppression_id, version, subject_hash, channel, scope"
        await self._copy(f"SELECT {told} FROM suppressions WHERE is_active", _SUPPRESSIONS)

    async def _copy(self, read: str, write: str) -> None:
        rows = await self._campaigns.fetch(read)
        if rows:
            await self.pool.execute(write, *(list(column) for column in zip(*rows, strict=True)))
