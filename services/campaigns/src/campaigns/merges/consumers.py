"""A merge that contacts decides is noted here; a job moves the memberships there are."""

from shared.merges import merges_consumer

consumer = merges_consumer("campaigns.merges")
