"""Value: recency, frequency and monetary scores against stored bounds."""
