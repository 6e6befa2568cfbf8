"""Finding the memberships by which a merged person is in a list, and messages that wait for them.

Who moves a membership locks the list.
"""

from collections.abc import Mapping

from shared.contracts.values import Party

_FIND_MEMBERS = """
SELECT m.member_id, coalesce(m.stands_by, m.contact_id)
FROM segment_members AS m JOIN segments AS s USING (segment_id)
WHERE s.kind = 'static' AND (
    m.contact_id = ANY($1::uuid[]) AND m.is_in AND NOT m.by_merge AND m.stands_by IS NULL
    OR m.stands_by = ANY($1::uuid[]))
ORDER BY m.member_id LIMIT $2
"""
_FIND_MESSAGES = """
SELECT message_id, contact_id FROM messages
WHERE contact_id = ANY($1::uuid[]) AND status IN ('reserved', 'held')
ORDER BY message_id LIMIT $2 FOR UPDATE
"""
FIND: Mapping[Party, Mapping[str, str]] = {
    "customer": {},
    "contact": {"member": _FIND_MEMBERS, "message": _FIND_MESSAGES},
}
"""By what was merged, how each kind of thing that names it is found."""
