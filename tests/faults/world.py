"""What the load knows of the world that it makes: ids by what can be done with them next."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from random import Random
from re import compile as pattern
from typing import TypeVar

T = TypeVar("T")

ERP = "erp"
CLICK = pattern(r"https?://\S+/c/[^\s\"'<>)]+")
YOUTH_SECONDS = 15.0
SESSION_DAY = datetime.now(UTC) - timedelta(hours=6)
"""Orders of a whole session lie within some hours: the age of none of them changes meanwhile."""


@dataclass(frozen=True, slots=True)
class Party:
    """A customer with the person who speaks for it."""

    customer_id: str
    ref: str
    kind: str
    contact_id: str | None = None


@dataclass(frozen=True, slots=True)
class Merge:
    """What was made one and may be made two again."""

    merge_id: str
    sort: str
    survivor_id: str
    merged_id: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that arrived, and the links in it."""

    send_id: str
    recipient: str
    click_url: str | None
    unsubscribe_url: str


@dataclass(slots=True)
class Ticket:
    """A ticket; one that is left alone is never resolved, so that its promise is broken."""

    ticket_id: str
    customer_id: str
    status: str
    is_left_alone: bool


@dataclass(slots=True)
class Order:
    """An order of the ERP, as it was last published."""

    number: str
    ref: str
    revision: int
    total: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What a reader may ask the view of a customer for."""

    customer_id: str
    aggregate_id: str
    version: int
    is_always_shown: bool


@dataclass
class World:
    """Everything that was made so far; the pools are picked from with the load's own dice."""

    mail_folder: Path
    began_at: float = field(default_factory=time.monotonic)
    parties: list[Party] = field(default_factory=list[Party])
    reachable: list[str] = field(default_factory=list[str])
    open_deals: dict[str, str] = field(default_factory=dict[str, str])
    closed_deals: dict[str, str] = field(default_factory=dict[str, str])
    commitments: list[str] = field(default_factory=list[str])
    tickets: dict[str, Ticket] = field(default_factory=dict[str, Ticket])
    resolved: list[str] = field(default_factory=list[str])
    submissions: list[str] = field(default_factory=list[str])
    imports: list[str] = field(default_factory=list[str])
    orders: list[Order] = field(default_factory=list[Order])
    letters: list[Letter] = field(default_factory=list[Letter])
    opted_out: set[str] = field(default_factory=set[str])
    forms: list[str] = field(default_factory=list[str])
    quick_policy: str = ""
    patient_policy: str = ""
    recent: list[Acknowledged] = field(default_factory=list[Acknowledged])
    merges: list[Merge] = field(default_factory=list[Merge])
    merged_into: dict[str, str] = field(default_factory=dict[str, str])
    _read: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        """Mail from before is somebody else's: its reader may have allowed mail again since."""
        self._read = {path.name for path in self.mail_folder.glob("*.eml")}

    def note(
        self, customer_id: str, aggregate_id: str, version: int, *, is_always_shown: bool = True
    ) -> None:
        """Remember what a reader may ask the view for."""
        seen = Acknowledged(customer_id, aggregate_id, version, is_always_shown)
        self.recent = [*self.recent[-40:], seen]

    def note_merge(self, merge: Merge) -> None:
        """From now on the one means the other; people go on to say the old id, too."""
        self.merges.append(merge)
        self.merged_into[merge.merged_id] = merge.survivor_id

    def note_undoing(self, merge: Merge) -> None:
        if self.merged_into.get(merge.merged_id) == merge.survivor_id:
            del self.merged_into[merge.merged_id]

    def now(self, id_: str) -> str:
        """Whom an id means, as far as it is known here."""
        been = {id_}
        while (into := self.merged_into.get(id_)) is not None and into not in been:
            been.add(into)
            id_ = into
        return id_

    @property
    def is_young(self) -> bool:
        """Whether a ticket may still be left alone: all promises are broken soon after the load."""
        return time.monotonic() - self.began_at < YOUTH_SECONDS

    def read_mail(self) -> None:
        """Take in the mail that has arrived since the last time."""
        for path in sorted(self.mail_folder.glob("*.eml")):
            if path.name not in self._read:
                self._read.add(path.name)
                self.letters.append(letter_of(path.read_bytes()))


def letter_of(raw: bytes) -> Letter:
    message = message_from_bytes(raw, policy=policy.default)
    body = message.get_body(("plain",))
    link = CLICK.search(str(body.get_content())) if body else None
    return Letter(
        send_id=str(message["X-Rapport-Send-Id"]),
        recipient=str(message["To"]),
        click_url=link[0] if link else None,
        unsubscribe_url=str(message["List-Unsubscribe"]).strip(" <>"),
    )


def pick(dice: Random, among: list[T]) -> T | None:
    """One of the newer ones, or None where there is none."""
    return dice.choice(among[-200:]) if among else None
