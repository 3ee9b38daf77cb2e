"""One module per family of vision models; `engine.model.forward.index` says which reads what."""
