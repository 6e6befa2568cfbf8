"""Interactions as a section of the projection."""

from customer_360.interactions.fold import Interaction, fold
from customer_360.interactions.store import INTERACTIONS
from customer_360.projecting import Reach, Section


def _reach(reach: Reach, interaction: Interaction) -> None:
    if interaction.customer_id is not None:
        reach.add(interaction.customer_id)
    else:
        reach.contact_ids.update(interaction.contact_ids)


SECTION = Section(INTERACTIONS, fold, _reach)
