"""The hub through its real client, against a server on this machine."""
