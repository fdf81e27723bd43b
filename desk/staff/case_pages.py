"""Requests for advice: the list, one request, and what an owner does with it."""

from __future__ import annotations

import uuid
from typing import Any, Dict, List

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import AnyOf, DataRequired, Length

from content.helplines import helpline_placeholders
from desk import accounts, cases, takeover
from desk.models import CHAT, EMAIL, HERE, MAIL, PHONE, STATUSES, FaqProposal
from desk.staff.login import desk
from desk.staff.talk_pages import CHANNELS, take_over
from desk.staff.wording import word
from review.masking import mask

pages = Blueprint("cases", __name__)

PER_PAGE = 50
MAX_FAQ_ANSWER = 500  # as every answer of the assistant
NOBODY = "-"


class FilterForm(FlaskForm):  # type: ignore[misc]
    """What the list shows."""

    class Meta:
        csrf = False  # it changes nothing

    status = SelectField(choices=["open", *STATUSES, "alle"], default="open")
    van = StringField(default="")
    dringend = BooleanField()
    te_laat = BooleanField()
    zoek = StringField(validators=[Length(max=100)])


class TextForm(FlaskForm):  # type: ignore[misc]
    """A note."""

    text = TextAreaField(validators=[DataRequired("leeg"), Length(max=cases.MAX_ANSWER, message="te_lang")])


class AnswerForm(TextForm):
    """An answer; `key` makes that it goes out once."""

    key = HiddenField(validators=[DataRequired("kies"), Length(max=64, message="kies")])
    way = RadioField(validate_choice=False, validators=[AnyOf([MAIL, CHAT, PHONE], message="kies")])


class AssignForm(FlaskForm):  # type: ignore[misc]
    """Whose it becomes."""

    owner = StringField(validators=[DataRequired("kies"), Length(max=64, message="kies")])
    force = BooleanField()


class CloseForm(FlaskForm):  # type: ignore[misc]
    """Why it is closed."""

    reason = StringField(validators=[DataRequired("leeg"), Length(max=200, message="te_lang")])


class FaqForm(FlaskForm):  # type: ignore[misc]
    """A question and its answer for everybody."""

    question = TextAreaField(validators=[DataRequired("leeg"), Length(max=300, message="te_lang")])
    answer = TextAreaField(validators=[DataRequired("leeg"), Length(max=MAX_FAQ_ANSWER, message="te_lang")])


@pages.get("/")
@login_required
def overview() -> Any:
    """The list, urgent ones first."""
    form = FilterForm(request.args)
    form.validate()
    status = form.status.data if form.status.data in ("alle", *STATUSES) else "open"
    owner = (form.van.data or "")[:64]
    filters: Dict[str, Any] = {
        "statuses": () if status == "alle" else STATUSES[:-1] if status == "open" else (status,),
        "owner": None if not owner else "" if owner == NOBODY else owner,
        "urgent": True if form.dringend.data else None,
        "overdue_at": desk().clock() if form.te_laat.data else None,
        "search": (form.zoek.data or "")[:100],
    }
    count = cases.count_cases(desk().database, **filters)
    page = min(max(request.args.get("pagina", 1, type=int), 1), max(1, -(-count // PER_PAGE)))
    found = cases.list_cases(desk().database, **filters, limit=PER_PAGE, offset=(page - 1) * PER_PAGE)
    chosen = {"status": status, "van": owner, "zoek": filters["search"]}
    chosen.update({name: "y" for name in ("dringend", "te_laat") if getattr(form, name).data})
    return render_template(
        "aanvragen.html",
        cases=found,
        count=count,
        page=page,
        pages=-(-count // PER_PAGE),
        chosen=chosen,
        now=desk().clock(),
        statuses=["open", *STATUSES, "alle"],
        nobody=NOBODY,
    )


@pages.get("/aanvraag/<reference>")
@login_required
def show(reference: str) -> Any:
    """One request with everything on it."""
    return _page(reference)


def _page(reference: str, typed: Any = None, status: int = 200) -> Any:
    """The page of a request; `typed` is what somebody filled in and could not be taken."""
    case = _case(reference)
    events = [event for event in case.events if event.text != "answered"]  # the answer itself says so
    history: List[Any] = sorted((*events, *case.notes, *case.answers), key=lambda entry: entry.at or case.created_at)
    ways = [way for way in (MAIL, CHAT, PHONE) if _is_possible(case, way)]
    running = next((t for t in takeover.running(desk().database) if t.conversation == case.conversation), None)
    return (
        render_template(
            "aanvraag.html",
            case=case,
            history=history,
            ways=ways,
            usual={EMAIL: MAIL, PHONE: PHONE, HERE: CHAT}.get(case.contact_kind, PHONE),
            key=uuid.uuid4().hex,
            typed=typed or {},
            now=desk().clock(),
            nobody=NOBODY,
            running=running,
            helplines=helpline_placeholders(),
            can_take_over=case.contact_kind == HERE and case.channel in CHANNELS and case.status != "closed",
        ),
        status,
    )


def _is_possible(case: cases.CaseView, way: str) -> bool:
    if way == MAIL:
        return case.contact_kind == EMAIL
    return way == PHONE or case.channel in CHANNELS


def _case(reference: str) -> cases.CaseView:
    try:
        return cases.get_case(desk().database, reference[:40])
    except cases.NoSuchCase:
        abort(404)


def _refused(reference: str, form: FlaskForm, typed: Any = None) -> Any:
    for problems in form.errors.values():
        flash(word(str(problems[0])), "fout")
    return _page(reference, typed, 400)


def _back(reference: str) -> Any:
    return redirect(url_for("cases.show", reference=reference))


@pages.post("/aanvraag/<reference>/toewijzen")
@login_required
def assign(reference: str) -> Any:
    """Gives it to somebody."""
    case, form = _case(reference), AssignForm()
    if not form.validate():
        return _refused(reference, form)
    owner = None if form.owner.data == NOBODY else form.owner.data
    known = {account.username: account.name for account in accounts.list_accounts(desk().database) if account.active}
    if owner is not None and owner not in known:
        flash(word("kies"), "fout")
        return _page(reference, status=400)
    try:
        now, me = desk().clock(), current_user.account.username
        cases.assign(desk().database, case.reference, owner, me, now, force=form.force.data)
    except cases.NotPossible:
        name = known.get(case.owner, case.owner)
        is_other = case.owner and case.status != "closed"
        flash(word("van_ander", referentie=case.reference, naam=name) if is_other else word("kan_niet"), "fout")
        return _page(reference, status=409)
    told = {"referentie": case.reference, "naam": known.get(owner or "", "")}
    flash(word("toegewezen" if owner else "losgelaten", **told), "goed")
    return _back(case.reference)


@pages.post("/aanvraag/<reference>/notitie")
@login_required
def note(reference: str) -> Any:
    """Adds a note."""
    case, form = _case(reference), TextForm()
    if not form.validate():
        return _refused(reference, form, {"note": form.text.data})
    try:
        cases.note(desk().database, case.reference, form.text.data, current_user.account.username, desk().clock())
    except cases.InvalidRequest:
        flash(word("leeg"), "fout")
        return _page(reference, {"note": form.text.data}, 400)
    flash(word("notitie"), "goed")
    return _back(case.reference)


@pages.post("/aanvraag/<reference>/antwoord")
@login_required
def answer(reference: str) -> Any:
    """Answers the customer."""
    case, form = _case(reference), AnswerForm()
    way, now = form.way.data, desk().clock()
    typed = {"text": form.text.data, "way": way}
    if not form.validate():
        return _refused(reference, form, typed)
    if not _is_possible(case, way):
        flash(word("geen_mail" if way == MAIL else "niet_hier"), "fout")
        return _page(reference, typed, 400)
    try:
        author, text = current_user.account.username, form.text.data
        cases.answer(desk().database, case.reference, text, author, desk().shop(), now, key=form.key.data, way=way)
    except cases.NotPossible:
        flash(word("kan_niet"), "fout")
        return _page(reference, typed, 409)
    except cases.InvalidRequest:
        flash(word("leeg"), "fout")
        return _page(reference, typed, 400)
    flash(word(f"antwoord_{way}"), "goed")
    return _back(case.reference)


@pages.post("/aanvraag/<reference>/sluiten")
@login_required
def close(reference: str) -> Any:
    """Closes it."""
    case, form = _case(reference), CloseForm()
    if not form.validate():
        return _refused(reference, form, {"reason": form.reason.data})
    try:
        me = current_user.account.username
        reason = cases.clean(form.reason.data, 200)
        cases.close(desk().database, case.reference, reason, me, desk().shop(), desk().clock())
    except cases.NotPossible:
        flash(word("kan_niet"), "fout")
        return _page(reference, status=409)
    except cases.InvalidRequest:
        flash(word("leeg"), "fout")
        return _page(reference, status=400)
    flash(word("gesloten", referentie=case.reference), "goed")
    return _back(case.reference)


@pages.post("/aanvraag/<reference>/heropenen")
@login_required
def reopen(reference: str) -> Any:
    """Opens it again."""
    case = _case(reference)
    try:
        me = current_user.account.username
        cases.reopen(desk().database, case.reference, me, desk().shop(), desk().clock())
    except cases.NotPossible:
        flash(word("kan_niet"), "fout")
        return _page(reference, status=409)
    flash(word("heropend", referentie=case.reference), "goed")
    return _back(case.reference)


@pages.route("/aanvraag/<reference>/faq", methods=["GET", "POST"])
@login_required
def faq(reference: str) -> Any:
    """Proposes a question and answer for everybody; what is recognised as personal is masked beforehand."""
    case, form = _case(reference), FaqForm()
    if request.method == "POST":
        if form.validate():
            _keep_proposal(case, form)
            flash(word("faq"), "goed")
            return _back(case.reference)
        for problems in form.errors.values():
            flash(word(str(problems[0])), "fout")
    typed = {
        "question": form.question.data if request.method == "POST" else mask(case.question)[:300],
        "answer": form.answer.data if request.method == "POST" else _masked_answer(case),
    }
    page = render_template("faq.html", case=case, typed=typed, longest=MAX_FAQ_ANSWER)
    return page, 400 if request.method == "POST" else 200


def _masked_answer(case: cases.CaseView) -> str:
    return mask(case.answers[-1].text)[:MAX_FAQ_ANSWER] if case.answers else ""


def _keep_proposal(case: cases.CaseView, form: FaqForm) -> None:
    question = cases.clean(form.question.data, 300)
    text = cases.clean(form.answer.data, MAX_FAQ_ANSWER, lines=True)
    with desk().database.session() as session:
        same = sa.select(FaqProposal.id).where(
            FaqProposal.case_id == case.id, FaqProposal.question == question, FaqProposal.answer == text
        )
        if session.execute(same).first() is None:  # the button pressed twice
            session.add(
                FaqProposal(
                    case_id=case.id,
                    question=question,
                    answer=text,
                    author=current_user.account.username,
                    state="open",
                    created_at=desk().clock(),
                )
            )


@pages.post("/aanvraag/<reference>/overnemen")
@login_required
def begin(reference: str) -> Any:
    """Takes over the conversation in which the customer wants the answer."""
    case = _case(reference)
    if case.contact_kind != HERE or case.channel not in CHANNELS:
        flash(word("niet_hier"), "fout")
        return _page(reference, status=409)
    return take_over(case.conversation, case.channel, url_for("cases.show", reference=case.reference), case.id)
