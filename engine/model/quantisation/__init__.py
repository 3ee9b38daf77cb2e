"""How a checkpoint's numbers are stored: ``quantization_config`` in its many dialects."""
