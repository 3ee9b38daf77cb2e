"""What was understood of a model, in words."""
