"""Deletes a conversation out of the tracker store (`tracking.store`)."""

from __future__ import annotations

from typing import Any


def erase_tracker(tracker_store: Any, sender_id: str) -> bool:
    """Deletes all events of one sender.

    Args:
        tracker_store: Rasa's, possibly within wrappers.
        sender_id: whose.

    Returns:
        Whether the store is one that can be erased from (ours).
    """
    while not hasattr(tracker_store, "delete"):
        tracker_store = getattr(tracker_store, "_tracker_store", None)
        if tracker_store is None:
            return False
    tracker_store.delete(sender_id)
    return True
