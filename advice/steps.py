"""The steps of the form: pure functions from a draft and an answer to the next draft and what to say."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any, Dict, List, Optional, Tuple

from advice import checks
from advice.content import ORDER as ORDER_KIND
from advice.content import PRODUCT, FormContent
from advice.draft import EMAIL, HERE, PHONE, Draft
from nlu.advice import (
    BACK,
    CHANGE,
    CHECK,
    CONSENT,
    CONTACT,
    NAME,
    NO,
    ORDER,
    QUESTION,
    SEND,
    SKIP,
    STOP,
    SUBJECT,
    SUMMARY,
    TRANSCRIPT,
    WHY,
    YES,
)
from nlu.advice import HERE as HERE_ANSWER

PARTS = (QUESTION, SUBJECT, NAME, CONTACT, ORDER, TRANSCRIPT, CHECK)
STEPS = (CONSENT, *PARTS)
OPTIONAL = frozenset({SUBJECT, NAME, CONTACT, ORDER, TRANSCRIPT, CHECK})
PRIVATE = frozenset({QUESTION, NAME, CONTACT, ORDER})
MOST_ERRORS = 3
SHOWN = 300  # characters of the question in the summary
# How the form ends.
REFUSED, STOPPED, SEND_IT = "geweigerd", "gestopt", "versturen"


@dataclass(frozen=True)
class Possible:
    """What there is to send along: an earlier conversation, answers of the self-check."""

    transcript: bool = False
    self_check: bool = False


@dataclass(frozen=True)
class Given:
    """An answer: the text as typed, the word that understanding found in it, the part that is to be changed."""

    text: str
    word: Optional[str] = None
    part: Optional[str] = None


@dataclass(frozen=True)
class Turn:
    """The draft after an answer, names of replies to say before the next question, and how the form ends ('': not)."""

    draft: Draft
    say: Tuple[str, ...] = ()
    end: str = ""


def answer(draft: Draft, given: Given, possible: Possible, content: FormContent, now: dt.datetime) -> Turn:
    """Takes an answer to the step of the draft."""
    if draft.stap in PRIVATE and given.word not in (BACK, STOP, SKIP, WHY, YES, NO):
        draft = draft.with_private(*checks.private_forms(given.text))
    else:
        draft = draft.with_private(*checks.private_forms(given.text)[1:])
    if given.word == WHY:
        return Turn(draft, (f"utter_advies_waarom_{draft.stap}",))
    if given.word == STOP:
        return Turn(draft, end=STOPPED)
    if given.word == BACK:
        return _back(draft, possible, content)
    if given.word == SKIP and draft.stap not in OPTIONAL:
        return _wrong(draft, f"utter_advies_nodig_{draft.stap}")
    if given.word == CHANGE and draft.stap not in (CONSENT, QUESTION):
        return _change(draft, given, possible, content)
    if draft.stap == SUMMARY:
        return _at_summary(draft, given, possible, content)
    if draft.stap == CHANGE:
        return _change(draft, given, possible, content)
    if draft.stap == CONSENT and given.word == NO:
        return Turn(draft, end=REFUSED)
    try:
        taken = _taken(draft, given, content, now)
    except checks.Unusable as problem:
        return _wrong(draft, problem.reply)
    return Turn(at_next_step(taken, possible, content))


def at_next_step(draft: Draft, possible: Possible, content: FormContent) -> Draft:
    """The draft at the first question that is still open, else at the summary."""
    step = next((s for s in applicable(draft, possible, content) if getattr(draft, s) is None), SUMMARY)
    return replace(draft, stap=step, fouten=0, wijzigt=draft.wijzigt and step != SUMMARY)


def applicable(draft: Draft, possible: Possible, content: FormContent) -> List[str]:
    """The steps that this request has, in order."""
    left_out = {
        ORDER: content.kind_of(draft.onderwerp or "") != ORDER_KIND,
        TRANSCRIPT: not possible.transcript,
        CHECK: not possible.self_check,
    }
    return [step for step in STEPS if not left_out.get(step)]


def _taken(draft: Draft, given: Given, content: FormContent, now: dt.datetime) -> Draft:
    """The draft with the answer in it. Raises `Unusable`."""
    step, skips = draft.stap, given.word == SKIP
    if step == CONSENT:
        if given.word != YES:
            raise checks.Unusable("utter_advies_fout_toestemming")
        moment = now.astimezone(dt.timezone.utc).isoformat()
        return replace(draft, toestemming={"versie": content.toestemming.versie, "tijd": moment})
    if step == QUESTION:
        if given.word in (YES, NO):
            raise checks.Unusable("utter_advies_fout_vraag")
        return _with_contact_in(replace(draft, vraag=checks.question(given.text)))
    if step == SUBJECT:
        names = [choice.naam for choice in content.onderwerpen]
        if not skips and given.word not in names:
            raise checks.Unusable("utter_advies_fout_onderwerp")
        return replace(draft, onderwerp=content.ander_onderwerp if skips else given.word)
    if step == NAME:
        if given.word in (SEND, HERE_ANSWER) or given.part:
            raise checks.Unusable("utter_advies_fout_naam")
        return replace(draft, naam="" if skips else checks.name(given.text, content.naam_begin))
    if step == CONTACT:
        found = checks.contact(given.text, skips or given.word == HERE_ANSWER)
        return replace(draft, contact=found).with_private(found["waarde"])
    if step == ORDER:
        return replace(draft, bestelnummer="" if skips else checks.order_number(given.text))
    if given.word not in (YES, NO, SKIP):
        raise checks.Unusable("utter_advies_fout_ja_nee")
    agreed = given.word == YES
    return replace(draft, gesprek=agreed) if step == TRANSCRIPT else replace(draft, zelfcheck=agreed)


def _with_contact_in(draft: Draft) -> Draft:
    """Who gave an address along with the question is not asked for it again; the summary shows it."""
    if draft.contact is not None:
        return draft
    try:
        found = checks.contact(draft.vraag or "")
    except checks.Unusable:
        return draft
    return replace(draft, contact=found).with_private(found["waarde"])


def _wrong(draft: Draft, reply: str) -> Turn:
    errors = draft.fouten + 1
    if errors < MOST_ERRORS:
        return Turn(replace(draft, fouten=errors), (reply,))
    offer = "utter_advies_hulp" if draft.stap in OPTIONAL else "utter_advies_hulp_verplicht"
    return Turn(replace(draft, fouten=0), (reply, offer))


def _back(draft: Draft, possible: Possible, content: FormContent) -> Turn:
    if draft.stap == CHANGE:
        return Turn(replace(draft, stap=SUMMARY, fouten=0))
    steps = applicable(draft, possible, content)
    place = steps.index(draft.stap) if draft.stap in steps else len(steps)
    if place == 0:
        return Turn(draft, ("utter_advies_eerste",))
    before = steps[place - 1]
    return Turn(_cleared(replace(draft, stap=before, fouten=0), before))


def _at_summary(draft: Draft, given: Given, possible: Possible, content: FormContent) -> Turn:
    if given.word == SEND:
        return Turn(draft, end=SEND_IT)
    return _wrong(draft, "utter_advies_fout_overzicht")


def _change(draft: Draft, given: Given, possible: Possible, content: FormContent) -> Turn:
    if given.word == SEND:
        return Turn(draft, end=SEND_IT)
    if given.part is None or given.part not in applicable(draft, possible, content):
        if draft.stap == SUMMARY:
            return Turn(replace(draft, stap=CHANGE, fouten=0))
        return _wrong(draft, "utter_advies_fout_aanpassen")
    told = _told_at_once(draft, given, content)
    if told is not None:
        if draft.stap in (SUMMARY, CHANGE):
            return Turn(replace(told, stap=SUMMARY, fouten=0))
        return Turn(at_next_step(told, possible, content), ("utter_advies_genoteerd",))
    return Turn(_cleared(replace(draft, stap=given.part, fouten=0, wijzigt=True), given.part))


def _told_at_once(draft: Draft, given: Given, content: FormContent) -> Optional[Draft]:
    """The draft with the new address, number or name that stands in "nee, mijn mail is ..."; None: it must be asked."""
    if given.part == CONTACT:
        try:
            found = checks.contact(given.text)
        except checks.Unusable:
            return None
        return replace(draft, contact=found).with_private(found["waarde"])
    if given.part == NAME:
        name = checks.new_name(given.text, content.naam_anders)
        return None if name is None else replace(draft, naam=name).with_private(name)
    return None


def _cleared(draft: Draft, part: str) -> Draft:
    empty: Dict[str, Any] = {part: None}
    return replace(draft, **empty)


def summary(draft: Draft, possible: Possible, content: FormContent) -> str:
    """What will be sent, a line for each part."""
    lines = content.overzicht
    steps = applicable(draft, possible, content)
    kind = (draft.contact or {}).get("soort", HERE)
    shown = [
        lines[QUESTION].format(vraag=shortened(draft.vraag or "")),
        lines[SUBJECT].format(onderwerp=draft.onderwerp or ""),
        lines[NAME].format(naam=draft.naam) if draft.naam else lines["naam_leeg"],
        lines[f"contact_{kind if kind in (EMAIL, PHONE) else HERE}"].format(
            contact=(draft.contact or {}).get("waarde")
        ),
    ]
    if ORDER in steps:
        number = draft.bestelnummer
        shown.append(lines[ORDER].format(bestelnummer=number) if number else lines["bestelnummer_leeg"])
    if TRANSCRIPT in steps:
        shown.append(lines["gesprek_ja" if draft.gesprek else "gesprek_nee"])
    if CHECK in steps:
        shown.append(lines["zelfcheck_ja" if draft.zelfcheck else "zelfcheck_nee"])
    return "\n".join(shown)


def shortened(text: str) -> str:
    """The beginning of a long text."""
    return text if len(text) <= SHOWN else text[:SHOWN].rstrip() + "…"


def private_values(draft: Draft) -> List[str]:
    """Every text that must leave the conversation when the form is closed, longest first."""
    contact = (draft.contact or {}).get("waarde", "")
    own = [draft.vraag or "", draft.naam or "", contact, draft.bestelnummer or ""]
    cut = shortened(draft.vraag) if draft.vraag else ""
    values = {text for text in (*draft.prive, *own, cut, cut.rstrip("…")) if text.strip()}
    return sorted(values, key=lambda text: (-len(text), text))


def subject_buttons(content: FormContent, with_products: bool) -> List[Dict[str, Any]]:
    """The subjects to choose from; without products after a matter of safety."""
    return [
        {"title": choice.knop, "payload": choice.zegt}
        for choice in content.onderwerpen
        if with_products or choice.soort != PRODUCT
    ]


def change_buttons(draft: Draft, possible: Possible, content: FormContent) -> List[Dict[str, Any]]:
    """The parts that can be changed."""
    steps = applicable(draft, possible, content)
    return [
        {"title": content.aanpassen[part].knop, "payload": content.aanpassen[part].zegt}
        for part in PARTS
        if part in steps
    ]
