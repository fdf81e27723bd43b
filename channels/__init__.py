"""Rasa connectors: how messages come in and go out."""
