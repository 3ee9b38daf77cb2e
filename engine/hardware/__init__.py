"""What a model runs on: chips, engines, kernels, and the roofline, the only maker of seconds."""
