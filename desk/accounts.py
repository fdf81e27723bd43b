"""Who may log in to the staff page. Passwords are kept as argon2id hashes only."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import List, Optional

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.exc import IntegrityError

from desk.cases import clean
from desk.contact import normal_email
from desk.database import Database
from desk.models import StaffAccount

MIN_PASSWORD = 12
MAX_PASSWORD = 200
_USERNAME = re.compile(r"^[a-z][a-z0-9._-]{1,63}$")
_RESERVED = {"customer", "desk", "schedule"}  # who else acts on cases
_hasher = PasswordHasher()
# Compared with when there is no such account, so that the time tells nothing.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$hi8zwL9EdrNOh/a4BIrRmw$83mrtGLYs3iIQub2mdpEOrwmMNWyTeeMDgTXlmh7rHo"


class AccountError(ValueError):
    """An account that can't be made; the message says why in English and never holds the password."""


@dataclass(frozen=True)
class Account:
    """Somebody of the staff. A login is over when `session_version` has become another one."""

    id: int
    username: str
    name: str
    email: str
    active: bool
    session_version: int


def add_account(database: Database, username: str, name: str, email: str, password: str, now: dt.datetime) -> Account:
    """Makes an account.

    Args:
        database: the desk's.
        username: 2 to 64 small letters, digits, dots, dashes.
        name: as customers see it.
        email: '' or an address.
        password: 12 to 200 characters.
        now: the moment.

    Raises:
        AccountError: one of these is wrong, or the username is taken.
    """
    if not _USERNAME.match(username) or username in _RESERVED:
        raise AccountError("A username has 2 to 64 small letters, digits, dots or dashes, and starts with a letter.")
    name = clean(name, 100)
    if not name:
        raise AccountError("The name, as customers see it, is missing.")
    address = normal_email(email) if email else ""
    if address is None:
        raise AccountError("That is no e-mail address.")
    account = StaffAccount(
        username=username, name=name, email=address, password_hash=hash_password(password), created_at=now
    )
    try:
        with database.session() as session:
            session.add(account)
            session.flush()
            return _account(account)
    except IntegrityError:
        raise AccountError(f"There is an account {username} already.") from None


def set_password(database: Database, username: str, password: str) -> None:
    """Changes a password and ends every login made with the old one. Raises `AccountError`."""
    hashed = hash_password(password)
    with database.session() as session:
        row = session.execute(sa.select(StaffAccount).where(StaffAccount.username == username)).scalar_one_or_none()
        if row is None:
            raise AccountError(f"There is no account {username}.")
        row.password_hash, row.session_version = hashed, row.session_version + 1


def set_active(database: Database, username: str, active: bool) -> None:
    """Lets somebody in again, or not any more; ends every login. Raises `AccountError`."""
    with database.session() as session:
        row = session.execute(sa.select(StaffAccount).where(StaffAccount.username == username)).scalar_one_or_none()
        if row is None:
            raise AccountError(f"There is no account {username}.")
        row.active, row.session_version = active, row.session_version + 1


def check_password(database: Database, username: str, password: str, now: dt.datetime) -> Optional[Account]:
    """The account when the password is right and the account active; takes as long when there is none."""
    with database.reading() as session:
        row = session.execute(sa.select(StaffAccount).where(StaffAccount.username == username)).scalar_one_or_none()
    try:
        right: bool = _hasher.verify(row.password_hash if row else _NOBODY, password[:MAX_PASSWORD])
    except (VerificationError, InvalidHashError):
        right = False
    if row is None or not right or not row.active:
        return None
    with database.session() as session:
        change = sa.update(StaffAccount).where(StaffAccount.id == row.id)
        session.execute(change.values(last_login_at=now).execution_options(synchronize_session=False))
    return _account(row)


def get_account(database: Database, account_id: int) -> Optional[Account]:
    """An active account; None when there is none."""
    with database.reading() as session:
        row = session.get(StaffAccount, account_id)
        return _account(row) if row is not None and row.active else None


def list_accounts(database: Database) -> List[Account]:
    """All accounts by username."""
    with database.reading() as session:
        rows = session.execute(sa.select(StaffAccount).order_by(StaffAccount.username)).scalars()
        return [_account(row) for row in rows]


def hash_password(password: str) -> str:
    """An argon2id hash. Raises `AccountError` for one that is too short or long."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise AccountError(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.")
    return str(_hasher.hash(password))


def _account(row: StaffAccount) -> Account:
    return Account(row.id, row.username, row.name, row.email, row.active, row.session_version)
