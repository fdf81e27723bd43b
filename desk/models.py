"""The desk's tables. Moments are UTC; they come back with their time zone on every database.

Every table that holds something about a customer hangs on a case or on a conversation, so that `desk.privacy` reaches
it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Optional

import sqlalchemy as sa
from sqlalchemy.orm import declarative_base, relationship

# Status of a case.
NEW, ASSIGNED, ANSWERED, CLOSED = "new", "assigned", "answered", "closed"
STATUSES = (NEW, ASSIGNED, ANSWERED, CLOSED)
# State of an outbox row.
WAITING, SENDING, DONE, DEAD = "waiting", "sending", "done", "dead"
STATES = (WAITING, SENDING, DONE, DEAD)
# Kind of an outbox row.
MAIL, CHAT = "mail", "chat"
# Kind of contact; `HERE` is the conversation itself.
EMAIL, PHONE, HERE = "email", "phone", "here"
# Who wrote a chat message.
CUSTOMER, STAFF, NOTICE, HELD_BACK = "customer", "staff", "notice", "held"

_NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
Base: Any = declarative_base(metadata=sa.MetaData(naming_convention=_NAMES))


class Moment(sa.types.TypeDecorator):
    """An aware datetime, kept as UTC without zone: SQLite knows no zones."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: Optional[dt.datetime], dialect: Any) -> Optional[dt.datetime]:
        """UTC without zone. Raises ValueError for a moment without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A moment without a time zone can't be stored.")
        return value.astimezone(dt.timezone.utc).replace(tzinfo=None)

    def process_result_value(self, value: Optional[dt.datetime], dialect: Any) -> Optional[dt.datetime]:
        """Aware, in UTC."""
        return None if value is None else value.replace(tzinfo=dt.timezone.utc)


def _case_id(nullable: bool = False) -> Any:
    return sa.Column(sa.Integer, sa.ForeignKey("cases.id", ondelete="CASCADE"), nullable=nullable, index=True)


class Case(Base):
    """A request for advice."""

    __tablename__ = "cases"
    id = sa.Column(sa.Integer, primary_key=True)
    key = sa.Column(sa.String(128), nullable=False, unique=True)  # the same request sent twice makes one case
    reference = sa.Column(sa.String(16), nullable=False, unique=True)
    conversation = sa.Column(sa.String(128), nullable=False, index=True)
    channel = sa.Column(sa.String(32), nullable=False)
    status = sa.Column(sa.String(16), nullable=False, index=True)
    urgent = sa.Column(sa.Boolean, nullable=False)
    owner = sa.Column(sa.String(64))  # staff.username
    subject = sa.Column(sa.String(200), nullable=False)
    question = sa.Column(sa.Text, nullable=False)
    name = sa.Column(sa.String(100), nullable=False)
    contact_kind = sa.Column(sa.String(8), nullable=False)
    contact = sa.Column(sa.String(254), nullable=False, index=True)  # lower-case address, +31... number, or ''
    order_number = sa.Column(sa.String(64), nullable=False)
    self_check = sa.Column(sa.JSON)
    created_at = sa.Column(Moment, nullable=False)
    due_at = sa.Column(Moment)  # empty without opening hours: no promise was made
    answered_at = sa.Column(Moment)
    closed_at = sa.Column(Moment)
    close_reason = sa.Column(sa.String(200), nullable=False, default="")
    retain_until = sa.Column(Moment, nullable=False, index=True)

    consent = relationship("ConsentRecord", uselist=False, cascade="all, delete-orphan", passive_deletes=True)
    transcript = relationship(
        "TranscriptLine", order_by="TranscriptLine.position", cascade="all, delete-orphan", passive_deletes=True
    )
    notes = relationship("Note", order_by="Note.id", cascade="all, delete-orphan", passive_deletes=True)
    answers = relationship("Answer", order_by="Answer.id", cascade="all, delete-orphan", passive_deletes=True)
    events = relationship("CaseEvent", order_by="CaseEvent.id", cascade="all, delete-orphan", passive_deletes=True)
    letters = relationship("OutboxRow", order_by="OutboxRow.id", cascade="all, delete-orphan", passive_deletes=True)


class Counter(Base):
    """The last number given out in a year; numbers are never given out again."""

    __tablename__ = "case_counters"
    year = sa.Column(sa.Integer, primary_key=True, autoincrement=False)
    last = sa.Column(sa.Integer, nullable=False)


class ConsentRecord(Base):
    """What the customer agreed to, when, and in which wording."""

    __tablename__ = "consents"
    id = sa.Column(sa.Integer, primary_key=True)
    case_id = sa.Column(
        sa.Integer, sa.ForeignKey("cases.id", ondelete="CASCADE"), nullable=False, unique=True
    )  # one for each case
    version = sa.Column(sa.String(32), nullable=False)
    given_at = sa.Column(Moment, nullable=False)
    transcript = sa.Column(sa.Boolean, nullable=False)  # agreed separately that the conversation goes along


class TranscriptLine(Base):
    """A line of the conversation before the request; only with consent for it."""

    __tablename__ = "transcript_lines"
    id = sa.Column(sa.Integer, primary_key=True)
    case_id = _case_id()
    position = sa.Column(sa.Integer, nullable=False)
    speaker = sa.Column(sa.String(8), nullable=False)  # "customer" or "bot"
    text = sa.Column(sa.Text, nullable=False)
    said_at = sa.Column(Moment)
    __table_args__ = (sa.UniqueConstraint("case_id", "position"),)


class Note(Base):
    """An owner's own note; the customer never sees it, but gets it with an export."""

    __tablename__ = "notes"
    id = sa.Column(sa.Integer, primary_key=True)
    case_id = _case_id()
    author = sa.Column(sa.String(64), nullable=False)
    text = sa.Column(sa.Text, nullable=False)
    created_at = sa.Column(Moment, nullable=False)


class Answer(Base):
    """What an owner answered."""

    __tablename__ = "answers"
    id = sa.Column(sa.Integer, primary_key=True)
    case_id = _case_id()
    key = sa.Column(sa.String(128), nullable=False, unique=True)
    author = sa.Column(sa.String(64), nullable=False)
    way = sa.Column(sa.String(8), nullable=False)  # "mail", "chat" or "phone" (told by telephone, nothing is sent)
    text = sa.Column(sa.Text, nullable=False)
    created_at = sa.Column(Moment, nullable=False)


class CaseEvent(Base):
    """What happened to a case, for the owners; holds no words of the customer."""

    __tablename__ = "case_events"
    id = sa.Column(sa.Integer, primary_key=True)
    case_id = _case_id()
    at = sa.Column(Moment, nullable=False)
    actor = sa.Column(sa.String(64), nullable=False)  # staff.username, "customer" or "desk"
    action = sa.Column(sa.String(32), nullable=False)  # opened, assigned, answered, closed, reopened, undeliverable ...
    detail = sa.Column(sa.String(200), nullable=False, default="")


class OutboxRow(Base):
    """Something to deliver: written together with what it reports, delivered afterwards."""

    __tablename__ = "outbox"
    id = sa.Column(sa.Integer, primary_key=True)
    kind = sa.Column(sa.String(8), nullable=False)
    dedupe = sa.Column(sa.String(160), nullable=False, unique=True)
    case_id = _case_id(nullable=True)
    channel = sa.Column(sa.String(32), nullable=False, default="")
    conversation = sa.Column(sa.String(128), nullable=False, default="", index=True)
    payload = sa.Column(sa.JSON, nullable=False)
    message_id = sa.Column(sa.String(200), nullable=False, default="")
    state = sa.Column(sa.String(8), nullable=False)
    attempts = sa.Column(sa.Integer, nullable=False, default=0)
    next_try = sa.Column(Moment, nullable=False)
    lease = sa.Column(sa.String(64))  # who delivers it now
    lease_until = sa.Column(Moment)
    handed_over = sa.Column(sa.Boolean, nullable=False, default=False)  # this attempt may have been accepted
    last_error = sa.Column(sa.String(300), nullable=False, default="")
    created_at = sa.Column(Moment, nullable=False)
    done_at = sa.Column(Moment)
    __table_args__ = (sa.Index("ix_outbox_due", "kind", "state", "next_try"),)


class StaffAccount(Base):
    """Somebody who may log in to the staff page."""

    __tablename__ = "staff"
    id = sa.Column(sa.Integer, primary_key=True)
    username = sa.Column(sa.String(64), nullable=False, unique=True)
    name = sa.Column(sa.String(100), nullable=False)  # as customers see it
    email = sa.Column(sa.String(254), nullable=False, default="")
    password_hash = sa.Column(sa.String(200), nullable=False)  # argon2id
    active = sa.Column(sa.Boolean, nullable=False, default=True)
    session_version = sa.Column(sa.Integer, nullable=False, default=1)  # a higher one ends older logins
    created_at = sa.Column(Moment, nullable=False)
    last_login_at = sa.Column(Moment)


class Attempt(Base):
    """A wrong try at something that is limited; `subject` is a hash, never an address or a name."""

    __tablename__ = "attempts"
    id = sa.Column(sa.Integer, primary_key=True)
    kind = sa.Column(sa.String(16), nullable=False)  # "status", "login" ...
    subject = sa.Column(sa.String(64), nullable=False)
    at = sa.Column(Moment, nullable=False)
    __table_args__ = (sa.Index("ix_attempts_subject", "kind", "subject", "at"),)


class Takeover(Base):
    """A conversation that an owner has, or had, in hand."""

    __tablename__ = "takeovers"
    id = sa.Column(sa.Integer, primary_key=True)
    conversation = sa.Column(sa.String(128), nullable=False)
    channel = sa.Column(sa.String(32), nullable=False)
    case_id = _case_id(nullable=True)
    staff = sa.Column(sa.String(64), nullable=False)  # staff.username
    shown_name = sa.Column(sa.String(100), nullable=False)
    started_at = sa.Column(Moment, nullable=False)
    last_activity_at = sa.Column(Moment, nullable=False)
    silence_seconds = sa.Column(sa.Integer, nullable=False)  # after so long without a word the bot comes back
    ended_at = sa.Column(Moment)
    end_reason = sa.Column(sa.String(16), nullable=False, default="")  # released, silence, gone
    __table_args__ = (
        sa.Index(
            "uq_takeovers_active",
            "conversation",
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
        sa.Index("ix_takeovers_ended_at", "ended_at"),
    )


class ChatMessage(Base):
    """What was said during a takeover, and the notices around it."""

    __tablename__ = "chat_messages"
    id = sa.Column(sa.Integer, primary_key=True)
    takeover_id = sa.Column(sa.Integer, sa.ForeignKey("takeovers.id", ondelete="CASCADE"), index=True)
    conversation = sa.Column(sa.String(128), nullable=False)
    channel = sa.Column(sa.String(32), nullable=False)
    author = sa.Column(sa.String(8), nullable=False)  # customer, staff, notice or held
    staff = sa.Column(sa.String(64), nullable=False, default="")
    text = sa.Column(sa.Text, nullable=False)
    message_id = sa.Column(sa.String(128), nullable=False)  # of the channel or of the staff page; stored once
    urgent = sa.Column(sa.Boolean, nullable=False, default=False)
    outbox_id = sa.Column(sa.Integer, sa.ForeignKey("outbox.id", ondelete="SET NULL"))
    created_at = sa.Column(Moment, nullable=False)
    seen_at = sa.Column(Moment)  # when an owner saw it
    __table_args__ = (
        sa.UniqueConstraint("conversation", "message_id"),
        sa.Index("ix_chat_messages_conversation", "conversation", "id"),
    )


class HumanRequest(Base):
    """A customer asked for a human in a conversation that goes on; says nothing about why."""

    __tablename__ = "human_requests"
    id = sa.Column(sa.Integer, primary_key=True)
    conversation = sa.Column(sa.String(128), nullable=False)
    channel = sa.Column(sa.String(32), nullable=False)
    asked_at = sa.Column(Moment, nullable=False)
    ended_at = sa.Column(Moment)
    end_reason = sa.Column(sa.String(16), nullable=False, default="")  # taken, dismissed
    __table_args__ = (
        sa.Index(
            "uq_human_requests_open",
            "conversation",
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
        sa.Index("ix_human_requests_asked_at", "asked_at"),
    )


class FaqProposal(Base):
    """A question and answer that an owner wants in the catalogue; goes to `make review`."""

    __tablename__ = "faq_proposals"
    id = sa.Column(sa.Integer, primary_key=True)
    case_id = _case_id(nullable=True)
    question = sa.Column(sa.Text, nullable=False)
    answer = sa.Column(sa.Text, nullable=False)
    author = sa.Column(sa.String(64), nullable=False)
    state = sa.Column(sa.String(8), nullable=False, default="open")  # open, taken, refused
    created_at = sa.Column(Moment, nullable=False)


class PrivacyRecord(Base):
    """That something was exported, erased or purged, with counts; no personal data."""

    __tablename__ = "privacy_log"
    id = sa.Column(sa.Integer, primary_key=True)
    at = sa.Column(Moment, nullable=False)
    action = sa.Column(sa.String(16), nullable=False)  # export, erase, purge
    actor = sa.Column(sa.String(64), nullable=False)  # "customer", "schedule" or staff.username
    counts = sa.Column(sa.JSON, nullable=False)
