"""Finding the memberships by which a merged person is in a list; who moves them locks the list."""

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
FIND: Mapping[Party, Mapping[str, str]] = {"customer": {}, "contact": {"member": _FIND_MEMBERS}}
"""By what was merged, how each kind of thing that names it is found."""
