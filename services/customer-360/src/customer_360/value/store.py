"""The published score models; the newest version is in force."""

from shared.db import Connection

from customer_360.value.rfm import RfmModel

_NEWEST = "SELECT bounds FROM score_models WHERE model = 'rfm' ORDER BY version DESC LIMIT 1"


async def load_rfm_model(connection: Connection) -> RfmModel:
    """The bounds in force; a migration seeds the first version."""
    bounds: str = await connection.fetchval(_NEWEST)
    return RfmModel.model_validate_json(bounds)
