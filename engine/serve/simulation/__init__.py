"""One deployment, request by request: the engine's scheduler over the seconds of its passes."""
