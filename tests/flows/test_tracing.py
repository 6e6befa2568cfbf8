"""One correlation id and one trace run from a request to what other services make of it."""

import secrets

from devstack.demo.story.cast import Cast
from devstack.demo.story.interest import show_interest
from devstack.demo.story.sale import make_sale
from shared.contracts.pipeline import DealWon
from shared.contracts.service_desk import TicketOpened
from shared.telemetry import TraceParent, parse_traceparent

from tests.flows.ledger import Ledger
from tests.flows.steps import open_deal


async def test_a_request_is_the_cause_of_another_services_fact(cast: Cast, ledger: Ledger) -> None:
    sale = await make_sale(cast, await show_interest(cast))
    deal_id = await open_deal(cast, sale.customer_id, "quay")
    trace = TraceParent(secrets.token_hex(16), secrets.token_hex(8))
    correlation = f"flow-{secrets.token_hex(8)}"
    answer = await cast.sales.send(
        "POST",
        "pipeline",
        f"/v1/deals/{deal_id}/win",
        json={"requires_onboarding": True},
        headers={"X-Correlation-Id": correlation, "traceparent": str(trace)},
    )
    assert answer.headers["X-Correlation-Id"] == correlation
    await cast.rest()
    [won] = await ledger.facts(DealWon, deal_id)
    [opened] = [
        fact
        for fact in await ledger.all_facts(TicketOpened)
        if str(fact.event.source_id) == deal_id
    ]
    for fact in (won, opened):
        assert fact.envelope.correlation_id == correlation
        parent = parse_traceparent(fact.envelope.traceparent)
        assert parent is not None
        assert parent.trace_id == trace.trace_id
    assert won.envelope.actor == "user:anna"
    assert opened.envelope.actor == "service:service-desk"
