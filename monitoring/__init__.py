"""Seeing inside a running assistant: metrics, logs, health."""
