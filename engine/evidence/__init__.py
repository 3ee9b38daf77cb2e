"""What was measured by others: published rows, runs of one's own, independent counts."""
