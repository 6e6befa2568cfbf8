"""Forms, responses and identities become leads, scores and persons; grades make answers urgent."""

from collections.abc import Sequence

from shared.contracts.campaigns import FormState, ResponseRecorded
from shared.contracts.contacts import CustomerGraded, IdentityLinked
from shared.db import Connection
from shared.ids import derived_id
from shared.messaging.envelope import Received, newest_of_each
from shared.messaging.reactions import Consumer

from pipeline.grades.store import save_grades
from pipeline.leads.commands import CreateLead
from pipeline.leads.handlers import follow_grades, identify_submission, score_response, take_in
from pipeline.persons import Intake

grades = Consumer("pipeline.grades")


@grades.on_batch(CustomerGraded)
async def on_customers_graded(
    connection: Connection, records: Sequence[Received[CustomerGraded]]
) -> None:
    """Row 35: a good customer is answered sooner. The newest grade of each counts."""
    newest = {each.event.customer_id: each for each in newest_of_each(records)}
    told = {id_: (each.envelope.version, each.event.to_grade) for id_, each in newest.items()}
    changed = await save_grades(connection, told)
    causes = {each: newest[each].envelope.cause("pipeline") for each in changed}
    await follow_grades(connection, causes)


def consumer(intake: Intake) -> Consumer:
    """Three topics in no order to each other: each may be the first to speak of a submission."""
    leads = Consumer("pipeline.leads")

    @leads.on(FormState)
    async def on_form(connection: Connection, received: Received[FormState]) -> None:
        if received.event.kind == "contact-request":
            cause = received.envelope.cause("pipeline")
            command = _command_of(received.event, intake)
            await take_in(connection, cause, command, intake.default_owner)

    @leads.on(ResponseRecorded)
    async def on_response(connection: Connection, received: Received[ResponseRecorded]) -> None:
        cause = received.envelope.cause("pipeline")
        await score_response(connection, cause, received.event, intake.default_owner)

    @leads.on(IdentityLinked)
    async def on_identity(connection: Connection, received: Received[IdentityLinked]) -> None:
        if received.event.identifier_type == "submission":
            cause = received.envelope.cause("pipeline")
            await identify_submission(connection, cause, received.event, intake.default_owner)

    return leads


def _command_of(form: FormState, intake: Intake) -> CreateLead:
    name = " ".join(part for part in (form.given_name, form.family_name) if part)
    return CreateLead(
        intake_id=form.submission_id,
        lead_id=derived_id(form.submission_id, "lead"),
        source="form",
        channel="web",
        received_at=form.submitted_at,
        name=name or None,
        company=form.company,
        email=form.email,
        phone=form.phone,
        need=form.message,
        product_interests=form.product_interests,
        campaign_id=form.campaign_id,
        submission_id=form.submission_id,
        person_hash=intake.person_hash(form.email, form.phone),
    )
