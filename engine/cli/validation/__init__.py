"""``rooftop validate`` and ``rooftop accuracy``: each kind of measured rows against predictions."""
