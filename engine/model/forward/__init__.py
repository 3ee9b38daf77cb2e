"""Vision models and encoders: from a config, a timm name or a layer table to images per second."""
