"""Who and what a story is about: ids that follow from its name and theirs."""

from dataclasses import dataclass
from uuid import UUID

from shared.ids import derived_id


def an_id(name: str, story: str = "") -> UUID:
    return derived_id("story", story, name)


@dataclass(frozen=True)
class Ids:
    """Ids of one customer's story; another name is another customer."""

    name: str = "ada"

    def __getattr__(self, thing: str) -> UUID:
        if thing.startswith("_"):
            raise AttributeError(thing)
        return an_id(thing, self.name)

    @property
    def email(self) -> str:
        return f"{self.name}@example.com"

    @property
    def phone(self) -> str:
        return "+442079460018"
