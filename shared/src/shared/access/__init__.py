"""Who may enter Kafka and what they may do there: applied, shown and renewed by operators."""
