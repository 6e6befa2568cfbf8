"""A merge that contacts decides is noted here; a job re-points what there is."""

from shared.merges import merges_consumer

consumer = merges_consumer("service-desk.merges")
