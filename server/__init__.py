"""Starts, trains and checks the assistant."""
