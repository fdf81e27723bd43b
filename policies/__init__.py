"""Policies of our own (`policies:` in config.yml)."""
