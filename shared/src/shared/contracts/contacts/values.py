"""Where the record of a customer or a person stands."""

from typing import Literal

RecordStatus = Literal["active", "archived", "merged", "erasure-pending", "erased"]
"""active ⇄ archived; active → merged, and back while the merge can be undone; active, archived →
erasure-pending → erased, which is final. Only an active record is changed by people."""
