"""What chips cost and draw: a person's prices, and watts by how busy chips are."""
