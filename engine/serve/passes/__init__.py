"""The seconds of passes through a model, and what they are made of."""
