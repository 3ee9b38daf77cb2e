"""What callers of the library meet: keywords in, tables and candidates out."""
