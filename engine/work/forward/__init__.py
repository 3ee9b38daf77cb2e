"""Work of models that run one forward pass: kernels of a batch of images or sequences."""
