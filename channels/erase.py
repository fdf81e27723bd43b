"""Deletes a conversation out of Rasa's tracker store, which has no method for it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa


def erase_tracker(tracker_store: Any, sender_id: str) -> bool:
    """Deletes all events of one sender.

    Args:
        tracker_store: Rasa's, possibly within wrappers.
        sender_id: whose.

    Returns:
        Whether the store is one that can be erased from (an SQL store).
    """
    while not hasattr(tracker_store, "session_scope"):
        tracker_store = getattr(tracker_store, "_tracker_store", None)
        if tracker_store is None:
            return False
    event = tracker_store.SQLEvent
    with tracker_store.session_scope() as session:
        session.execute(
            sa.delete(event).where(event.sender_id == sender_id).execution_options(synchronize_session=False)
        )
        session.commit()
    return True
