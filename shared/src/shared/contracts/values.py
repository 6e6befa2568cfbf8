"""Parts of facts: frozen, and deaf to fields that they do not know."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Party = Literal["customer", "contact"]
"""A sort of record that contacts keeps, and that others name by its id."""


class Value(BaseModel):
    """What is part of a fact, and none itself."""

    model_config = ConfigDict(frozen=True, extra="ignore")
