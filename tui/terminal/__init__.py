"""The terminal: what it can do, what it sends, what it is sent."""
