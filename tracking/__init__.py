"""Conversations: the tracker that costs the same at every length, and the store it is kept in."""
