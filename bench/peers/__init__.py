"""What Rapport is measured against."""
