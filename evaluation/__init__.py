"""Measures understanding on messages that nobody trained on, next to other systems on the same data."""
