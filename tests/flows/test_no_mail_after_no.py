"""A withdrawal is answered when no service can send any more: sends race it, and lose."""

from devstack.demo.doors import Doors
from devstack.demo.story.cast import Cast

from tests.flows import racing

PEOPLE, CAMPAIGNS, AT_ONCE = 20, 12, 4


async def test_no_mail_arrives_later_than_the_answer_to_a_withdrawal(
    cast: Cast, doors: Doors
) -> None:
    crowd = await racing.gather_crowd(cast, PEOPLE)
    await cast.rest()
    await racing.write_to(cast, crowd, CAMPAIGNS)
    await racing.a_mail_arrives(doors, crowd)
    answered = await racing.say_no(cast, crowd, AT_ONCE)
    await cast.rest()
    mails = await racing.mails_to(doors, crowd)
    late = [mail for mail in mails if mail.received_at > answered[mail.to]]
    assert late == []
    assert min(answered.values()) < mails[-1].received_at, "no mail was sent beside a withdrawal"
    assert len(mails) < PEOPLE * CAMPAIGNS, "every mail was sent before anybody said no"
