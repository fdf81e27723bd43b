"""Measures the running assistant: start, memory, latency, load and long conversations, next to stock Rasa."""
