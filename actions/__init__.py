"""Custom actions, thin over plain functions."""
