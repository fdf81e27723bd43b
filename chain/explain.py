"""What a question about the chain asks for, and its answer. Pure: texts come from the chain's file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, FrozenSet, Mapping, Optional, Sequence, Tuple

from chain import gallery, route
from chain.model import NEEDED, SUBSTANCE, Chain, Statement
from chain.wording import Button, button, buttons, link_values, listing, sentence

# Kinds of questions. The values are also what stands in a reply's metadata and in the entity `ketenvraag`.
OVERVIEW, STEP, CHECK = "overzicht", "stap", "check"
WHAT, AFTER, BEFORE, BETWEEN = "wat", "na", "voor", "tussen"
TOO_LITTLE, FOOD, CERTAINTY, MORE = "te_weinig", "voeding", "zekerheid", "meer"
BLOCKERS, BLOCKER, HELPERS, WHICH = "blokkades", "blokkade", "hulpstof", "welke"

# Further things that a message may say; see data/woordenboek/ketenvragen.yml.
BACK, FOLLOWS, MAKES, OUT_OF, CAUSE, FIRST, LAST, B_VITAMINS = (
    "terug",
    "vervolg",
    "maken",
    "van",
    "oorzaak",
    "eerste",
    "laatste",
    "b_vitamines",
)

SHORTAGE_BLOCKER = "tekort aan een schakel"
ACID_BLOCKER = "te weinig maagzuur"  # every mention of maagzuur also names it
_B_VITAMINS = ("vitamine B6", "vitamine B12", "foliumzuur")
_INHERITED = (TOO_LITTLE, AFTER, BEFORE, FOOD, CERTAINTY)
_MORE_OF = {WHAT: MORE, TOO_LITTLE: FOOD, MORE: CERTAINTY, FOOD: CERTAINTY, STEP: WHAT, BLOCKER: CERTAINTY}


@dataclass(frozen=True)
class Heard:
    """What understanding found in a message: links and blockers in order, and what it asks (see the kinds above)."""

    links: Tuple[str, ...] = ()
    blockers: Tuple[str, ...] = ()
    asked: FrozenSet[str] = frozenset()


@dataclass(frozen=True)
class Focus:
    """What the assistant's last reply was about; empty when that was not the chain."""

    kind: str = ""
    link: str = ""
    blocker: str = ""
    subject: str = ""  # the link that was asked about, when the reply led to another one

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, Any], chain: Chain) -> Focus:
        """Reads the `keten` entry of a reply's metadata; what the chain doesn't know counts as empty."""
        found = metadata.get("keten")
        if not isinstance(found, dict):
            return cls()
        link, blocker = str(found.get("schakel") or ""), str(found.get("blokkade") or "")
        subject = str(found.get("over") or "")
        return cls(
            str(found.get("vraag") or ""),
            link if link in chain.schakels else "",
            blocker if blocker in chain.blokkades else "",
            subject if subject in chain.schakels else "",
        )


NO_FOCUS = Focus()


@dataclass(frozen=True)
class Question:
    """A question about the chain: its kind, the links it is about (two for BETWEEN) and the blocker."""

    kind: str
    links: Tuple[str, ...] = ()
    blocker: str = ""


@dataclass(frozen=True)
class Answer:
    """An answer.

    Attributes:
        text: at most 500 characters.
        kind: the kind of question that it answers.
        link: the link it leads to, for "wat komt daarna?"; '' without one.
        blocker: the blocker it is about, '' without one.
        picture: a name of `gallery.pictures`, '' for none.
        buttons: what may be asked next, at most three.
        statements: the facts in it, with their sources.
        subject: the link that was asked about, when `link` is another one.
    """

    text: str
    kind: str
    link: str = ""
    blocker: str = ""
    picture: str = ""
    buttons: Tuple[Button, ...] = ()
    statements: Tuple[Statement, ...] = field(default=())
    subject: str = ""

    def metadata(self) -> Dict[str, Any]:
        """The entry `keten` of the reply's metadata, as `Focus.from_metadata` reads it."""
        known = {"vraag": self.kind, "schakel": self.link, "blokkade": self.blocker}
        return {**known, "over": self.subject} if self.subject else known

    @property
    def sources(self) -> Tuple[str, ...]:
        """Ids of the sources, each once."""
        return tuple(dict.fromkeys(source for statement in self.statements for source in statement.bron))


def question_about_blockers(chain: Chain, heard: Heard, focus: Focus = NO_FOCUS) -> Question:
    """What a message of the intent explain_chain_blocker asks."""
    named = [name for name in heard.blockers if name in chain.blokkades and name != SHORTAGE_BLOCKER]
    others = [name for name in named if name != ACID_BLOCKER]
    links = [name for name in heard.links if not chain.schakels[name].doel]
    goals = [name for name in heard.links if chain.schakels[name].doel]
    short = SHORTAGE_BLOCKER in heard.blockers or TOO_LITTLE in heard.asked
    if others or named:
        return Question(BLOCKER, blocker=(others or named)[0])
    if links:
        return Question(TOO_LITTLE, (links[0],))
    if short and goals and CAUSE not in heard.asked:
        return Question(TOO_LITTLE, (goals[0],))
    if short and not goals:
        return Question(TOO_LITTLE, (focus.link,)) if focus.link else Question(BLOCKER, blocker=SHORTAGE_BLOCKER)
    return Question(BLOCKERS)


def question_about_links(chain: Chain, heard: Heard, focus: Focus = NO_FOCUS) -> Question:
    """What a message of the intent explain_chain_link asks, in the light of the reply before it."""
    asked = heard.asked
    helpers = [name for name in heard.links if chain.schakels[name].rol != SUBSTANCE]
    substances = [name for name in heard.links if chain.schakels[name].rol == SUBSTANCE]
    blockers = [name for name in heard.blockers if name not in (ACID_BLOCKER, SHORTAGE_BLOCKER)]
    if blockers and all(chain.schakels[name].doel for name in heard.links):
        return Question(BLOCKER, blocker=blockers[0])
    if TOO_LITTLE in asked or SHORTAGE_BLOCKER in heard.blockers:
        return question_about_blockers(chain, heard, focus)
    if len(substances) > 1 and not helpers and (BETWEEN in asked or {MAKES, OUT_OF} <= asked):
        return Question(BETWEEN, (substances[0], substances[1]))
    if not heard.links:
        return _question_without_link(chain, asked, focus)
    subject = tuple(helpers) or (substances[0],)
    kind = _explicit_kind(asked)
    if kind is None and FOLLOWS in asked and focus.kind in _INHERITED:
        kind = focus.kind
    if kind is None and not helpers and BETWEEN in asked:
        kind = BEFORE if subject[0] == route.ends(chain)[1] else AFTER
    if kind is None and not helpers and MAKES in asked and chain.schakels[subject[0]].doel:
        kind = BEFORE
    return Question(kind or WHAT, subject)


def _explicit_kind(asked: FrozenSet[str]) -> Optional[str]:
    return next((kind for kind in (AFTER, BEFORE, FOOD, CERTAINTY) if kind in asked), None)


def _question_without_link(chain: Chain, asked: FrozenSet[str], focus: Focus) -> Question:
    first, last = route.ends(chain)
    if B_VITAMINS in asked:
        return Question(WHAT, _B_VITAMINS)
    if HELPERS in asked:
        return Question(HELPERS)
    if FIRST in asked or LAST in asked:
        return Question(WHAT, (first if FIRST in asked else last,))
    kind = _explicit_kind(asked)
    if focus.subject and {kind, focus.kind} == {AFTER, BEFORE}:
        return Question(kind or WHAT, (focus.subject,))  # "wat komt na 5-HTP?", "en ervoor?"
    if focus.subject and focus.kind == BETWEEN and BACK in asked:
        return Question(BETWEEN, (focus.link, focus.subject))
    if focus.blocker and kind in (None, CERTAINTY):
        return Question(kind or CERTAINTY, blocker=focus.blocker)
    if focus.link:
        if kind is None and MORE in asked:
            kind = _MORE_OF.get(focus.kind, WHAT)
        return Question(kind or WHAT, (focus.link,))
    return Question(WHICH)


def answer(chain: Chain, question: Question) -> Answer:
    """The answer to a question.

    Raises:
        KeyError: the question names a link or blocker that the chain doesn't have.
    """
    if question.kind == OVERVIEW:
        return overview(chain)
    if question.kind == BLOCKERS:
        return _blockers(chain)
    if question.blocker:
        return _blocker(chain, question)
    if question.kind == HELPERS:
        return _helpers(chain)
    if question.kind == BETWEEN and len(question.links) == 2:
        return _between(chain, *question.links)
    if not question.links:
        return _which(chain)
    if question.kind == WHAT and len(question.links) > 1:
        return _several(chain, question.links)
    by_kind = {
        AFTER: _after,
        BEFORE: _before,
        TOO_LITTLE: _too_little,
        FOOD: _food,
        CERTAINTY: _certainty,
        MORE: _more,
    }
    return by_kind.get(question.kind, _what)(chain, question.links[0])


def overview(chain: Chain) -> Answer:
    """The whole chain in a few lines, with the offer to walk through it."""
    text = sentence(chain, "overzicht", aantal=str(len(route.steps(chain))))
    statements = tuple(conversion.uitleg for _, conversion in route.main_conversions(chain))
    shown = buttons(chain, "begin", "vastlopen", "check")
    return Answer(text, OVERVIEW, picture=gallery.WHOLE, buttons=shown, statements=statements)


def role(chain: Chain, link: str) -> str:
    """One sentence on a link's place: which step it serves, or what stands before and after it."""
    values = link_values(chain, link)
    down, up = route.conversion_of(chain, link), route.conversion_to(chain, link)
    if chain.schakels[link].rol != SUBSTANCE and down:
        conversion = chain.omzettingen[down]
        kind = conversion.met[link]
        return sentence(chain, f"rol_{kind}", **values, van=conversion.van, doel=conversion.naar)
    if up is None:
        return sentence(chain, "rol_begin", **values)
    if down is None:
        return sentence(chain, "rol_einde", **values)
    before, after = chain.omzettingen[up].van, chain.omzettingen[down].naar
    return sentence(chain, "rol_midden", **values, bron=before, doel=after)


def _link_buttons(chain: Chain, link: str, *names: str) -> Tuple[Button, ...]:
    return buttons(chain, *names, **link_values(chain, link))


def _what(chain: Chain, link: str) -> Answer:
    statement = chain.schakels[link].wat
    last = link == route.ends(chain)[1]
    shown = _link_buttons(chain, link, *(("keten",) if last else ("na",)), "te_weinig", "voeding")
    return Answer(statement.tekst, WHAT, link, "", gallery.of_link(chain, link), shown, (statement,))


def _several(chain: Chain, links: Sequence[str]) -> Answer:
    text = "\n".join(role(chain, link) for link in links)
    shown = tuple(button(chain, "wat", **link_values(chain, link)) for link in links[:3])
    return Answer(text, WHAT, links[0], "", "", shown, tuple(chain.schakels[link].wat for link in links))


def _after(chain: Chain, link: str) -> Answer:
    values = link_values(chain, link)
    down = route.conversion_of(chain, link)
    if down is None:
        return Answer(
            sentence(chain, "na_laatste", **values), AFTER, link, buttons=buttons(chain, "keten", "vastlopen")
        )
    conversion = chain.omzettingen[down]
    name = "na_stof" if conversion.van == link else "na_hulp"
    text = sentence(chain, name, **values, van=conversion.van, doel=conversion.naar, uitleg=conversion.uitleg.tekst)
    shown = _link_buttons(chain, conversion.naar, "wat", *_unless_last(chain, conversion.naar, "na"))
    return Answer(text, AFTER, conversion.naar, "", "", shown, (conversion.uitleg,), link)


def _before(chain: Chain, link: str) -> Answer:
    values = link_values(chain, link)
    up = route.conversion_to(chain, link)
    helps = route.conversion_of(chain, link) if chain.schakels[link].rol != SUBSTANCE else None
    if up is None and helps is None:
        return Answer(
            sentence(chain, "voor_eerste", **values), BEFORE, link, buttons=_link_buttons(chain, link, "na", "wat")
        )
    conversion = chain.omzettingen[up or helps or ""]
    parts = {"van": conversion.van, "bron": conversion.van, "doel": conversion.naar, "uitleg": conversion.uitleg.tekst}
    text = sentence(chain, "voor_stof" if up else "voor_hulp", **values, **parts)
    shown = _link_buttons(chain, conversion.van, "wat", "na")
    return Answer(text, BEFORE, conversion.van, "", "", shown, (conversion.uitleg,), link)


def _unless_last(chain: Chain, link: str, name: str) -> Tuple[str, ...]:
    return () if link == route.ends(chain)[1] else (name,)


def _between(chain: Chain, start: str, end: str) -> Answer:
    if start == end:
        return Answer(sentence(chain, "tussen_zelfde"), BETWEEN, start, buttons=buttons(chain, "keten"))
    forwards = route.conversions_between(chain, start, end)
    first, last = (start, end) if forwards else (end, start)
    conversions = [chain.omzettingen[i] for i in forwards or route.conversions_between(chain, end, start)]
    explained = " ".join(conversion.uitleg.tekst for conversion in conversions)
    name = "tussen_terug" if not forwards else "tussen_veel" if len(conversions) > 1 else ""
    values = {"van": first, "doel": last, "aantal": str(len(conversions)), "uitleg": explained}
    text = sentence(chain, name, **values) if name else explained
    helpers = [helper for conversion in conversions for helper in conversion.met]
    shown = tuple(button(chain, "wat", **link_values(chain, helper)) for helper in helpers[:3])
    explained_by = tuple(conversion.uitleg for conversion in conversions)
    return Answer(text, BETWEEN, last, "", "", shown, explained_by, first)


def _too_little(chain: Chain, link: str) -> Answer:
    statement = chain.schakels[link].te_weinig
    after = route.downstream(chain, link)
    name = "te_weinig" if after else "te_weinig_laatste"
    text = sentence(chain, name, tekst=statement.tekst, lijst=listing(chain, after))
    shown = (*_link_buttons(chain, link, "voeding"), *buttons(chain, "check", "vastlopen"))
    return Answer(text, TOO_LITTLE, link, "", gallery.too_little_of(chain, link), shown, (statement,))


def _food(chain: Chain, link: str) -> Answer:
    statement = chain.schakels[link].voeding
    shown = _link_buttons(chain, link, "wat", "te_weinig")
    return Answer(statement.tekst, FOOD, link, "", "", shown, (statement,))


def _more(chain: Chain, link: str) -> Answer:
    entry = chain.schakels[link]
    values = {"tekst": role(chain, link), "uitleg": entry.voeding.tekst}
    shown = _link_buttons(chain, link, "te_weinig", *_unless_last(chain, link, "na"))
    return Answer(sentence(chain, "meer_stof", **values), MORE, link, "", "", shown, (entry.wat, entry.voeding))


def _certainty(chain: Chain, link: str) -> Answer:
    statement = chain.schakels[link].wat
    text = certainty_text(chain, statement)
    return Answer(text, CERTAINTY, link, "", "", _link_buttons(chain, link, "wat", "te_weinig"), (statement,))


def certainty_text(chain: Chain, statement: Statement) -> str:
    """How sure a statement is and what it rests on."""
    how = chain.zekerheid[statement.zekerheid]
    sources = "; ".join(chain.bronnen[source].titel for source in statement.bron)
    return sentence(chain, "zekerheid", Zekerheid=how[0].upper() + how[1:], bronnen=sources)


def _blockers(chain: Chain) -> Answer:
    text = sentence(chain, "blokkades", lijst=listing(chain, [b.naam for b in chain.blokkades.values()]))
    shown = [button(chain, "blokkade", blokkade=b.naam, Blokkade=b.knop) for b in chain.blokkades.values()]
    return Answer(text, BLOCKERS, buttons=tuple(shown), statements=tuple(b.uitleg for b in chain.blokkades.values()))


def _blocker(chain: Chain, question: Question) -> Answer:
    blocker = chain.blokkades[question.blocker]
    if question.kind == CERTAINTY:
        text = certainty_text(chain, blocker.uitleg)
        return Answer(text, CERTAINTY, "", question.blocker, "", buttons(chain, "vastlopen"), (blocker.uitleg,))
    text = blocker.uitleg.tekst
    if blocker.raakt:
        text = sentence(chain, "blokkade", tekst=text, schakel=blocker.raakt)
    picture = gallery.of_blocker(chain, question.blocker)
    shown = buttons(chain, "vastlopen", "check")
    if blocker.raakt:
        shown = (*_link_buttons(chain, blocker.raakt, "wat"), *shown)
    return Answer(text, BLOCKER, blocker.raakt, question.blocker, picture, shown, (blocker.uitleg,))


def _helpers(chain: Chain) -> Answer:
    conversions = [c for _, c in route.main_conversions(chain) if NEEDED in c.met.values()]
    explained = " ".join(c.uitleg.tekst for c in conversions)
    needed = [helper for c in conversions for helper, kind in c.met.items() if kind == NEEDED]
    shown = tuple(button(chain, "wat", **link_values(chain, helper)) for helper in needed)
    text = sentence(chain, "hulpstof", uitleg=explained)
    return Answer(text, HELPERS, buttons=shown[:3], statements=tuple(c.uitleg for c in conversions))


def _which(chain: Chain) -> Answer:
    text = sentence(chain, "welke", lijst=listing(chain, route.order(chain)))
    return Answer(text, WHICH, buttons=buttons(chain, "keten", "vastlopen"))
