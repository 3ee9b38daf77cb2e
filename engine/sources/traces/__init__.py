"""Traces of requests: when they came, how long they were, which blocks of their prompts repeat."""
