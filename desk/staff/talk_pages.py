"""Live conversations: who waits for a human, taking over, talking, giving back."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any, Dict, List, Optional

import sqlalchemy as sa
from flask import Blueprint, abort, flash, jsonify, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from flask_wtf import FlaskForm
from wtforms import HiddenField, TextAreaField
from wtforms.validators import DataRequired, Length

from desk import takeover
from desk.models import CUSTOMER, HELD_BACK, NOTICE, Case, ChatMessage
from desk.opening import ZONE
from desk.staff.help import help_for
from desk.staff.login import desk
from desk.staff.wording import word

if TYPE_CHECKING:
    from desk.staff.app import Desk

pages = Blueprint("talks", __name__)

CHANNELS = ("web", "telegram", "whatsapp", "twilio")  # where an owner can talk
_REFRESHED = 200  # messages at once


class SayForm(FlaskForm):  # type: ignore[misc]
    """Something to say; `key` makes that it is said once."""

    text = TextAreaField(validators=[DataRequired("leeg"), Length(max=takeover.MAX_TEXT, message="te_lang")])
    key = HiddenField(validators=[DataRequired("kies"), Length(max=64, message="kies")])


@pages.get("/gesprekken")
@login_required
def overview() -> Any:
    """Who waits for a human, and which conversations are taken over."""
    takeover.expire(desk().database, desk().clock())
    return render_template(
        "gesprekken.html",
        requests=_requests(desk()),
        running=takeover.running(desk().database),
        unseen=takeover.unseen(desk().database),
    )


def _requests(of: Desk) -> List[Any]:
    taken = {one.conversation for one in takeover.running(of.database)}
    found = takeover.requests(of.database, of.clock())
    return [one for one in found if one.channel in CHANNELS and one.conversation not in taken]


def waiting(of: Desk) -> Dict[str, Any]:
    """{"count": customers who wait for a human's word, "urgent": whether one said something urgent}."""
    unseen = takeover.unseen(of.database).values()
    return {"count": len(_requests(of)) + len(unseen), "urgent": any(one.urgent for one in unseen)}


@pages.get("/stand")
@login_required
def state() -> Any:
    """How many wait, for the number in the menu; with the words to announce it."""
    found = waiting(desk())
    count = found["count"]
    told = word("wachten_een") if count == 1 else word("wachten_meer", aantal=str(count)) if count else ""
    return jsonify(count=count, text=word("dringend") if found["urgent"] else told)


@pages.post("/gesprekken/overnemen")
@login_required
def begin() -> Any:
    """Takes over a conversation that asked for a human."""
    conversation = request.form.get("conversation", "")[:128]
    asked = next((one for one in _requests(desk()) if one.conversation == conversation), None)
    if asked is None:
        running = {one.conversation: one for one in takeover.running(desk().database)}.get(conversation)
        if running is None:
            flash(word("niet_hier"), "fout")
            return redirect(url_for("talks.overview"))
        return take_over(conversation, running.channel, url_for("talks.overview"))
    return take_over(conversation, asked.channel, url_for("talks.overview"))


def take_over(conversation: str, channel: str, back: str, case_id: Optional[int] = None) -> Any:
    """Takes over and shows the conversation, or says who was first."""
    silence = dt.timedelta(minutes=desk().shop().overname_stilte_minuten)
    try:
        number = takeover.start(
            desk().database, conversation, channel, current_user.person, silence, desk().clock(), case_id
        )
    except takeover.AlreadyTaken as taken:
        flash(word("al_overgenomen", naam=taken.name), "fout")
        return redirect(back)
    flash(word("overgenomen"), "goed")
    return redirect(url_for("talks.show", number=number))


@pages.post("/gesprekken/afwijzen")
@login_required
def dismiss() -> Any:
    """Takes a request off the list."""
    takeover.dismiss(desk().database, request.form.get("conversation", "")[:128], desk().clock())
    flash(word("afgewezen"), "goed")
    return redirect(url_for("talks.overview"))


@pages.get("/gesprek/<int:number>")
@login_required
def show(number: int) -> Any:
    """A conversation that is or was taken over."""
    return _page(number)


def _page(number: int, typed: str = "", status: int = 200) -> Any:
    takeover.expire(desk().database, desk().clock())
    found = _takeover(number)
    lines = takeover.messages(desk().database, number)
    is_mine = found.staff == current_user.account.username
    if lines and is_mine:
        takeover.mark_seen(desk().database, number, lines[-1].id, desk().clock())
    undelivered = takeover.undelivered(desk().database, number)
    page = render_template(
        "gesprek.html",
        takeover=found,
        lines=[_as_line(line, undelivered) for line in lines],
        last=lines[-1].id if lines else 0,
        is_mine=is_mine,
        case=_case_of(found),
        key=uuid.uuid4().hex,
        typed=typed,
        longest=takeover.MAX_TEXT,
    )
    return page, status


def _takeover(number: int) -> Any:
    found = takeover.get(desk().database, number)
    if found is None:
        abort(404)
    return found


def _case_of(found: Any) -> Any:
    """The request that the conversation is about: reference and question; None without one."""
    if found.case_id is None:
        return None
    with desk().database.reading() as session:
        return session.execute(sa.select(Case.reference, Case.question).where(Case.id == found.case_id)).first()


def _as_line(line: ChatMessage, undelivered: Dict[int, str]) -> Dict[str, Any]:
    text = takeover.wording("ingehouden", tekst=line.text) if line.author == HELD_BACK else line.text
    return {
        "n": line.id,
        "author": line.author,
        "text": text,
        "at": line.created_at,
        "urgent": bool(line.urgent),
        "help": help_for(line.text) if line.urgent and line.author == CUSTOMER else "",
        "delivery": undelivered.get(line.id, ""),
        "key": uuid.uuid4().hex,
        "is_notice": line.author in (NOTICE, HELD_BACK),
    }


@pages.get("/gesprek/<int:number>/nieuw")
@login_required
def news(number: int) -> Any:
    """What was said after message `na`: {"lines", "undelivered", "ended"}; for the page's own refresh."""
    takeover.expire(desk().database, desk().clock())
    found = _takeover(number)
    after = request.args.get("na", 0, type=int)
    lines = takeover.messages(desk().database, number, after)[:_REFRESHED]
    is_mine = found.staff == current_user.account.username
    if lines and is_mine:
        takeover.mark_seen(desk().database, number, lines[-1].id, desk().clock())
    undelivered = takeover.undelivered(desk().database, number)
    return jsonify(
        lines=[_for_browser(_as_line(line, undelivered), found) for line in lines],
        undelivered={str(n): word(state, "bezorging") for n, state in undelivered.items()},
        ended=found.ended_at is not None,
    )


def _for_browser(line: Dict[str, Any], found: Any) -> Dict[str, Any]:
    """A line as the script draws it: the same words as in the template."""
    return {
        **{name: line[name] for name in ("n", "author", "text", "urgent", "help", "key")},
        "notice": line["is_notice"],
        "who": "" if line["is_notice"] else _speaker(line, found),
        "time": f"{line['at'].astimezone(ZONE):%H:%M}",
    }


def _speaker(line: Dict[str, Any], found: Any) -> str:
    return word("customer", "sprekers") if line["author"] == CUSTOMER else str(found.shown_name)


@pages.post("/gesprek/<int:number>/zeg")
@login_required
def say(number: int) -> Any:
    """Says something to the customer."""
    form = SayForm()
    wants_json = request.accept_mimetypes.best == "application/json"

    def refuse(name: str, status: int, **values: str) -> Any:
        if wants_json:
            return jsonify(error=word(name, **values)), status
        flash(word(name, **values), "fout")
        return _page(number, form.text.data or "", status)

    if not form.validate():
        return refuse(str(next(iter(form.errors.values()))[0]), 400)
    try:
        takeover.say(desk().database, number, current_user.person, form.text.data, form.key.data, desk().clock())
    except takeover.NotTaken:
        return refuse("niet_meer", 409)
    except takeover.AlreadyTaken as taken:
        return refuse("al_overgenomen", 409, naam=taken.name)
    except ValueError:
        return refuse("leeg", 400)
    if wants_json:
        return jsonify(key=uuid.uuid4().hex)
    return redirect(url_for("talks.show", number=number) + "#bericht")


@pages.post("/gesprek/<int:number>/vrijgeven")
@login_required
def release(number: int) -> Any:
    """Gives the conversation back to the assistant."""
    try:
        takeover.release(desk().database, number, current_user.person, desk().clock())
    except takeover.AlreadyTaken as taken:
        flash(word("al_overgenomen", naam=taken.name), "fout")
        return _page(number, status=409)
    flash(word("vrijgegeven"), "goed")
    return redirect(url_for("talks.overview"))
