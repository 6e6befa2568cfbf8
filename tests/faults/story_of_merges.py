"""Stories of merges: customers become one, and two again."""

from tests.faults.journeys_of_merges import MERGE, UNDO
from tests.faults.oracle import rest
from tests.faults.storyteller import Storyteller, picked
from tests.faults.travelling import CUSTOMER


class Merger(Storyteller):
    """A storyteller who also merges customers, and parts them again.

    Both happen at rest: whom each thing named by then is certain.
    """

    def merge(self, which: int, other: int) -> None:
        survivor_id = picked(self.model.present, which)
        others = [each for each in self.model.present if each != survivor_id]
        merged_id = picked(others, other)
        self.wait(rest(self.rig))
        body = {
            "survivor_id": survivor_id,
            "merged_ids": [merged_id],
            "reason_code": "duplicate",
            "force_reason": "model",
        }
        path = "contacts/v1/merges/customers"
        made = self.do("merge-customers", path, body, MERGE["customers"])
        self.model.merge(made["merge_id"], survivor_id, merged_id)
        self.wait(rest(self.rig))

    def part(self) -> None:
        """Undo the last merge."""
        self.wait(rest(self.rig))
        path = f"contacts/v1/merges/{self.model.merges[-1].merge_id}/undo"
        self.do("part-customers", path, {"reason_code": "model"}, UNDO["customers"])
        self.model.part()
        self.wait(rest(self.rig))

    def change_the_merged(self, which: int) -> None:
        """The one that stays is changed, whom the answer names; the 360 says where it is."""
        customer_id = picked(self.model.merged_into, which)
        path = f"contacts/v1/customers/{customer_id}"
        answer = self.do("update-customer", path, {"tags": []}, CUSTOMER, method="PATCH")
        assert answer["customer_id"] == self.model.now(customer_id)
        seen = self.wait(self.client.where(f"customer-360/v1/customers/{customer_id}"))
        assert seen == self.model.now(customer_id)
        self.told["sent on"] += 1
