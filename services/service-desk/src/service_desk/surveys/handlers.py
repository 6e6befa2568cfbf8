"""Surveys: send and answer."""

from dataclasses import replace

from shared.aliases import all_ids_of, current_id
from shared.cause import Cause
from shared.db import Connection, Pool, transaction, with_retries
from shared.http.requests import require_version
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from service_desk.naming import led_on
from service_desk.surveys import store
from service_desk.surveys.domain import (
    REST,
    AnswerSurvey,
    SendSurvey,
    Survey,
    begin,
    decide,
    decide_sending,
    evolve,
)


async def send_survey(pool: Pool, cause: Cause, command: SendSurvey) -> Survey:
    async def attempt() -> Survey:
        async with transaction(pool) as connection:
            return await ask(connection, cause, command)

    return await with_retries(attempt)


async def answer_survey(
    pool: Pool, cause: Cause, command: AnswerSurvey, if_match: int | None = None
) -> Survey:
    async def attempt() -> Survey:
        async with transaction(pool) as connection:
            survey = await store.lock_survey(connection, command.survey_id)
            require_version(survey.version, if_match)
            return await _record_answer(connection, cause, survey, command)

    return await with_retries(attempt)


async def ask(connection: Connection, cause: Cause, command: SendSurvey) -> Survey:
    """Send a survey inside a running transaction."""
    known = await store.find_survey(connection, command.survey_id)
    customer_id, contact_id = await led_on(connection, command, known)
    command = replace(command, customer_id=customer_id, contact_id=contact_id)
    survey = known or begin(command)
    for event in decide_sending(known, command):
        await store.insert_survey(connection, survey)
        await outbox.append(connection, cause, [Fact(event, survey.version)])
    return survey


async def ask_if_rested(connection: Connection, cause: Cause, command: SendSurvey) -> None:
    """Ask unless the person was asked of late."""
    assert command.contact_id is not None
    contact_id = await current_id(connection, command.contact_id)
    await store.lock_contact(connection, contact_id)
    ids = await all_ids_of(connection, contact_id)
    if not await store.was_asked(connection, ids, command.at - REST):
        await ask(connection, cause, command)


async def _record_answer(
    connection: Connection, cause: Cause, survey: Survey, command: AnswerSurvey
) -> Survey:
    for event in decide(survey, command):
        answered = evolve(survey, event, command.comment)
        await store.save_survey(connection, answered, survey.version)
        await outbox.append(connection, cause, [Fact(event, answered.version)])
        survey = answered
    return survey
