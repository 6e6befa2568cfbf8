"""Parts of facts: frozen, and deaf to fields that they do not know."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
