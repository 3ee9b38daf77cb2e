"""What there is to do: layouts, and the FLOPs, bytes and messages of a pass under them."""
