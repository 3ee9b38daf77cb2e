"""What a model is: its architecture, read from a config by the dialect of its family."""
