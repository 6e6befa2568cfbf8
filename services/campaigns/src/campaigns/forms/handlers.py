"""Use cases of forms: publish a version, take a submission."""

from shared.cause import Cause
from shared.db import Pool, transaction, with_retries
from shared.errors import StaleVersionError
from shared.ids import derived_id
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from campaigns.forms import store
from campaigns.forms.domain import Form, SubmitForm, decide, next_version
from campaigns.policies.store import load_policy
from campaigns.responses.domain import Response
from campaigns.responses.store import insert_response


async def publish_form(pool: Pool, wanted: Form) -> Form:
    """The form in force from now on; the same again is the same version."""

    async def attempt() -> Form:
        async with transaction(pool) as connection:
            current = await store.find_current_form(connection, wanted.form_id)
            form = next_version(current, wanted)
            if form is None:
                assert current is not None
                return current
            if not await store.insert_form(connection, form):
                raise StaleVersionError(form_id=form.form_id)
            return form

    return await with_retries(attempt)


async def submit_form(
    pool: Pool, cause: Cause, form_id: str, form_version: int, command: SubmitForm
) -> None:
    """Keep a submission and tell of it, with the response that it is; once."""
    async with transaction(pool) as connection:
        form = await store.load_form(connection, form_id, form_version)
        submitted, state = decide(form, command)
        if not await store.insert_submission(connection, state):
            return
        policy = await load_policy(connection)
        response = Response(
            response_id=derived_id(command.submission_id, "response"),
            kind="form",
            score_delta=policy.score(f"form:{form.kind}"),
            occurred_at=command.at,
            campaign_id=form.campaign_id,
            submission_id=command.submission_id,
            product_interests=form.product_interests,
            follow_up_required=form.kind == "contact-request",
        )
        recorded = await insert_response(connection, response)
        await outbox.append(connection, cause, [Fact(submitted, 1), Fact(state, 1), recorded])
