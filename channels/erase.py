"""Deletes a conversation out of the tracker store."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from storage.engine import leave_no_copy


def erase_tracker(tracker_store: Any, sender_id: str) -> bool:
    """Deletes all events of one sender.

    Args:
        tracker_store: Rasa's, possibly within wrappers.
        sender_id: whose.

    Returns:
        Whether the store is one that can be erased from: ours, or Rasa's in SQL.
    """
    while tracker_store is not None:
        if hasattr(tracker_store, "delete"):
            tracker_store.delete(sender_id)
            return True
        if hasattr(tracker_store, "session_scope"):
            table = tracker_store.SQLEvent
            with tracker_store.session_scope() as session:
                if tracker_store.engine.dialect.name == "sqlite":
                    session.execute(sa.text("PRAGMA secure_delete=ON"))
                session.execute(sa.delete(table).where(table.sender_id == sender_id))
                session.commit()
            leave_no_copy(tracker_store.engine)
            return True
        tracker_store = getattr(tracker_store, "_tracker_store", None)
    return False
