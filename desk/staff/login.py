"""Logging in and out: few tries, no hint whether an account exists, and every login can be ended."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, List, Optional

import sqlalchemy as sa
from flask import Blueprint, current_app, flash, g, redirect, render_template, request, session, url_for
from flask_login import UserMixin, current_user, login_required, login_user, logout_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import Length

from desk import accounts
from desk.models import Attempt, StaffAccount
from desk.outbox import subject_hash
from desk.staff.wording import word
from desk.takeover import Person

if TYPE_CHECKING:
    from desk.staff.app import Desk

pages = Blueprint("login", __name__)

LONGEST = dt.timedelta(days=7)  # then everybody logs in again
WINDOW = dt.timedelta(minutes=15)
TRIES_FOR_A_NAME = 5
TRIES_FROM_AN_ADDRESS = 20
_KIND = "login"


def desk() -> Desk:
    """What every page needs."""
    found: Desk = current_app.extensions["desk"]
    return found


class User(UserMixin):  # type: ignore[misc]
    """Who is logged in; the login ends with the account's `session_version`."""

    def __init__(self, account: accounts.Account) -> None:
        """Args: account: an active one."""
        self.account = account

    def get_id(self) -> str:
        """What the session keeps."""
        return f"{self.account.id}:{self.account.session_version}"

    @property
    def person(self) -> Person:
        """As who they talk."""
        return Person(self.account.username, self.account.name)


def load_user(kept: str) -> Optional[User]:
    """The user that a session stands for; None when the login is over."""
    if "desk_is_down" in g:  # the page that says so needs no user
        return None
    number, _, version = kept.partition(":")
    since = session.get("since")
    if not number.isdigit() or not isinstance(since, (int, float)):
        return None
    if desk().clock().timestamp() - since > LONGEST.total_seconds():
        return None
    account = accounts.get_account(desk().database, int(number))
    return User(account) if account is not None and str(account.session_version) == version else None


class LoginForm(FlaskForm):  # type: ignore[misc]
    """Name and password."""

    naam = StringField(validators=[Length(max=200)])
    wachtwoord = PasswordField(validators=[Length(max=1_000)])


class PasswordForm(FlaskForm):  # type: ignore[misc]
    """The current password and the new one, twice."""

    huidig = PasswordField(validators=[Length(max=1_000)])
    nieuw = PasswordField(validators=[Length(max=1_000)])
    nogmaals = PasswordField(validators=[Length(max=1_000)])


@pages.route("/inloggen", methods=["GET", "POST"])
def log_in() -> Any:
    """The login page."""
    if current_user.is_authenticated:
        return redirect(url_for("cases.overview"))
    form = LoginForm()
    if request.method == "GET":
        return render_template("inloggen.html", form=form)
    username = (form.naam.data or "").strip().lower()
    if not form.validate():
        return _refused(form, "inlog_fout", 401)
    now = desk().clock()
    if not _may_try(username, request.remote_addr or "", now):
        return _refused(form, "inlog_vaak", 429)
    account = accounts.check_password(desk().database, username, form.wachtwoord.data or "", now)
    if account is None:
        return _refused(form, "inlog_fout", 401)
    _forget_tries(username, request.remote_addr or "", now)
    _begin(account, now)
    return redirect(_next_page())


def _refused(form: LoginForm, name: str, status: int) -> Any:
    flash(word(name), "fout")
    return render_template("inloggen.html", form=form), status


def _begin(account: accounts.Account, now: dt.datetime) -> None:
    session.clear()  # nothing of before the login goes on
    session.permanent = True
    session["since"] = int(now.timestamp())
    login_user(User(account))


def _next_page() -> str:
    """Where the visitor was going; only within this site."""
    wanted = request.args.get("next", "")
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if is_ours else url_for("cases.overview")


@pages.post("/uitloggen")
@login_required
def log_out() -> Response:
    """Ends this login, or with `overal` every login of this account."""
    everywhere = bool(request.form.get("overal"))
    if everywhere:
        with desk().database.session() as writing:
            row = writing.get(StaffAccount, current_user.account.id)
            row.session_version += 1
    logout_user()
    session.clear()
    flash(word("overal_uitgelogd" if everywhere else "uitgelogd"), "goed")
    return redirect(url_for("login.log_in"))


@pages.route("/wachtwoord", methods=["GET", "POST"])
@login_required
def password() -> Any:
    """Changing one's own password."""
    form = PasswordForm()
    if request.method == "GET":
        return render_template("wachtwoord.html", form=form)
    now, username = desk().clock(), current_user.account.username
    problem = _change_password(form, username, now)
    if problem:
        flash(word(problem), "fout")
        return render_template("wachtwoord.html", form=form), 400
    account = accounts.get_account(desk().database, current_user.account.id)
    if account is not None:
        _begin(account, now)
    flash(word("wachtwoord_gewijzigd"), "goed")
    return redirect(url_for("cases.overview"))


def _change_password(form: PasswordForm, username: str, now: dt.datetime) -> str:
    """Does it, or says what is wrong."""
    if not form.validate():
        return "wachtwoord_kort"
    if not _may_try(username, request.remote_addr or "", now):
        return "inlog_vaak"
    if accounts.check_password(desk().database, username, form.huidig.data or "", now) is None:
        return "wachtwoord_huidig"
    _forget_tries(username, request.remote_addr or "", now)
    if form.nieuw.data != form.nogmaals.data:
        return "wachtwoord_anders"
    try:
        accounts.set_password(desk().database, username, form.nieuw.data or "")
    except accounts.AccountError:
        return "wachtwoord_kort"
    return ""


def _subjects(username: str, address: str) -> List[Any]:
    # Names that don't exist are counted too, or a limit would tell which ones do.
    return [
        (subject_hash(f"login name {username[:200]}"), TRIES_FOR_A_NAME),
        (subject_hash(f"login address {address}"), TRIES_FROM_AN_ADDRESS),
    ]


def _may_try(username: str, address: str, now: dt.datetime) -> bool:
    """Counts a try before it is made, so that many at once don't slip through."""
    with desk().database.session() as writing:
        for subject, most in _subjects(username, address):
            query = sa.select(sa.func.count()).where(
                Attempt.kind == _KIND, Attempt.subject == subject, Attempt.at > now - WINDOW
            )
            if writing.execute(query).scalar_one() >= most:
                return False
        for subject, _ in _subjects(username, address):
            writing.add(Attempt(kind=_KIND, subject=subject, at=now))
    return True


def _forget_tries(username: str, address: str, now: dt.datetime) -> None:
    """The password was right: the name's tries are forgotten, and the address loses this one."""
    (name, _), (place, _) = _subjects(username, address)
    with desk().database.session() as writing:
        newest = sa.select(sa.func.max(Attempt.id)).where(Attempt.kind == _KIND, Attempt.subject == place)
        number = writing.execute(newest).scalar()
        gone = sa.delete(Attempt).where(
            Attempt.kind == _KIND, sa.or_(Attempt.subject == name, Attempt.id == (number or 0))
        )
        writing.execute(gone.execution_options(synchronize_session=False))
