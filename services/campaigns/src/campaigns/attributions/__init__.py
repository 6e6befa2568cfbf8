"""Which campaigns a won deal is owed to."""
