"""Who means whom: the merges and undoings of the log, and nothing that a service keeps of them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from shared.contracts import contacts as k

from tests.faults.log import Log

MERGED = (k.CustomerMerged, k.ContactMerged)
UNMERGED = (k.CustomerUnmerged, k.ContactUnmerged)


@dataclass
class Merging:
    """Open merges as steps from each merged id, and everybody who was ever merged with whom."""

    merges: dict[UUID, tuple[UUID, tuple[UUID, ...]]] = field(
        default_factory=dict[UUID, tuple[UUID, tuple[UUID, ...]]]
    )
    undone: set[UUID] = field(default_factory=set[UUID])

    @property
    def into(self) -> dict[UUID, UUID]:
        """Of each record that is merged now, into which."""
        return {old_id: into for _, old_id, into in self.open_steps()}

    def open_steps(self) -> Iterable[tuple[UUID, UUID, UUID]]:
        for merge_id, (survivor_id, merged_ids) in self.merges.items():
            if merge_id not in self.undone:
                yield from ((merge_id, old_id, survivor_id) for old_id in merged_ids)

    @property
    def ever(self) -> set[UUID]:
        """Whoever was merged into another once."""
        return {old_id for _, merged_ids in self.merges.values() for old_id in merged_ids}

    def families(self) -> dict[UUID, set[UUID]]:
        """Of everybody in any merge, all who are connected with them by merges, undone or not."""
        families: dict[UUID, set[UUID]] = defaultdict(set)
        for survivor_id, merged_ids in self.merges.values():
            ids = {survivor_id, *merged_ids}
            whole = ids.union(*(families[each] for each in ids))
            families.update(dict.fromkeys(whole, whole))
        return families


@dataclass(frozen=True)
class Meaning:
    """Whom each id means at the end of the log."""

    into: dict[UUID, UUID]

    def now(self, id_: UUID) -> UUID:
        been = {id_}
        while (into := self.into.get(id_)) is not None and into not in been:
            been.add(into)
            id_ = into
        return id_

    def of(self, id_: UUID | None) -> UUID | None:
        """The same of what may be nobody."""
        return self.now(id_) if id_ else None


def merging_of(log: Log) -> Merging:
    """All merges of the log, in whatever order."""
    found = Merging()
    for received in log.facts(*MERGED):
        event = received.event
        survivor_id = event.customer_id if isinstance(event, k.CustomerMerged) else event.contact_id
        found.merges[event.merge_id] = survivor_id, event.merged_ids
    found.undone = {received.event.merge_id for received in log.facts(*UNMERGED)}
    return found


def meaning_of(log: Log) -> Meaning:
    return Meaning(merging_of(log).into)
