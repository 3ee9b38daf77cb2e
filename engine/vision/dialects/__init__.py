"""One module per family of vision models; `engine.vision.index` says which reads what."""
