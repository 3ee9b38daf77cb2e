"""Fields: how every part of a scenario is read, written and stepped."""
