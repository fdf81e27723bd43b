"""Numbers that are typed for choices: they count only for what the assistant said last."""

from __future__ import annotations

from typing import List

import sqlalchemy as sa

from channels.base import Choice
from channels.inbox import Inbox
from channels.store import DEAD, DONE, WAITING, Store, offers, outgoing
from channels.twilio.connector import NAME


def open_choices(store: Store, inbox: Inbox, conversation: str) -> List[Choice]:
    """The choices of the newest answer, in order; [] when it had none.

    Then a number is what it says: an order number, a quantity, an age.
    """
    # State and channel are for the index: without them every message that was ever sent is looked at.
    is_ours = sa.and_(outgoing.c.state.in_((WAITING, DONE, DEAD)), outgoing.c.channel == NAME)
    newest = sa.select(sa.func.max(outgoing.c.made)).where(is_ours, outgoing.c.conversation == conversation)
    offered = sa.select(sa.func.max(offers.c.answer)).where(offers.c.conversation == conversation)
    with store.reading() as connection:
        said, asked = connection.execute(newest).scalar(), connection.execute(offered).scalar()
    if asked is None or (said is not None and said > asked):
        return []
    return inbox.latest_offers(conversation)
