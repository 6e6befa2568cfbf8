"""Parts of facts: frozen, and deaf to fields that they do not know."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

RecordStatus = Literal["active", "archived", "merged", "erasure-pending", "erased"]
"""active ⇄ archived; active → merged, and back while the merge can be undone; active, archived →
erasure-pending → erased, which is final. Only an active record is changed by people."""


class Value(BaseModel):
    """What is part of a fact, and none itself."""

    model_config = ConfigDict(frozen=True, extra="ignore")
