"""Open codes: a field says which values are known today, and readers take others as they come.

A `Literal` is closed: inside a major version its values stay as they are, for ever. Where values
will be added (reasons, kinds, codes), the field is declared open before its fact is published.
"""

from dataclasses import dataclass
from typing import Any, get_args

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema

KNOWN_VALUES = "x-extensible-enum"
"""The schema keyword that lists them, as Zalando's RESTful API guidelines (rule 112) have it."""


@dataclass(frozen=True)
class Open:
    """Declares a text open: `Annotated[str, Open.to(RiskCode)]` decodes an unknown code, too."""

    known: tuple[str, ...]

    @classmethod
    def to(cls, known: Any) -> "Open":
        """Open to more than the values of this `Literal`."""
        return cls(get_args(known))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), KNOWN_VALUES: list(self.known)}
