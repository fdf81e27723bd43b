"""Questions and answers that the owners want in the catalogue ("maak hier een FAQ van" on the staff page)."""

from __future__ import annotations

import datetime as dt
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, List, Sequence, Tuple

import sqlalchemy as sa
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString as Quoted
from ruamel.yaml.scalarstring import LiteralScalarString as Literal

from content.claims import ClaimsLinter
from nlu.lexicon import Lexicon
from nlu.normalise import key
from review.decisions import ACCEPT, REJECT, Entry
from review.masking import mask
from review.proposals import Proposal

WANTED = "an owner answered this and wants it in the catalogue"
DRAFTS = Path("var/faq")
OPEN, TAKEN, REFUSED = "open", "taken", "refused"
_ID = re.compile(r"[a-z]+(?:_[a-z0-9]+)+")
_TABLE = sa.table(
    "faq_proposals",
    sa.column("id"),
    sa.column("question"),
    sa.column("answer"),
    sa.column("author"),
    sa.column("state"),
)
_HEAD = """\
# A new question, proposed by an owner of the shop. It is not in use yet: the README tells what more it needs ("Add a
# question in four steps"). Once it stands in data/faq/, delete this file.
"""


@dataclass(frozen=True)
class Draft:
    """A new question that was accepted: the file to go on with, and what the claims linter says of its answer."""

    file: Path
    findings: Tuple[str, ...]


class DeskProposals:
    """The proposals in the desk's database. A database that isn't there holds none."""

    def __init__(self, address: str) -> None:
        """Args: address: SCHAKEL_DESK_DATABASE."""
        self._address = address

    def open(self) -> List[Proposal]:
        """Those that nobody decided on yet, oldest first, personal data masked once more.

        Raises:
            ValueError: the database is there but can't be read.
        """
        if not self._is_there():
            return []
        engine = sa.create_engine(self._address, future=True)
        try:
            with engine.connect() as connection:
                if not sa.inspect(connection).has_table("faq_proposals"):
                    return []
                rows = connection.execute(sa.select(_TABLE).where(_TABLE.c.state == OPEN).order_by(_TABLE.c.id)).all()
        except sa.exc.SQLAlchemyError as error:
            raise ValueError(f"The desk's proposals can't be read ({getattr(error, 'orig', None) or error}).") from None
        finally:
            engine.dispose()
        return [
            Proposal(mask(row.question), "", WANTED, answer=_masked_lines(row.answer), desk_id=row.id) for row in rows
        ]

    def decide(self, ids: Iterable[int], state: str) -> None:
        """Notes what was decided, so that they are not proposed again."""
        wanted = list(ids)
        if not wanted or not self._is_there():
            return
        engine = sa.create_engine(self._address, future=True)
        try:
            with engine.begin() as connection:
                connection.execute(sa.update(_TABLE).where(_TABLE.c.id.in_(wanted)).values(state=state))
        finally:
            engine.dispose()

    def _is_there(self) -> bool:
        url = sa.engine.make_url(self._address)
        return url.get_backend_name() != "sqlite" or bool(url.database and Path(url.database).exists())


def _masked_lines(text: str) -> str:
    return "\n".join(mask(line) for line in text.splitlines())


def first(wanted: Sequence[Proposal], found: Sequence[Proposal], lexicon: Lexicon) -> List[Proposal]:
    """The owners' proposals, then the others without the same messages."""
    forms = {key(proposal.text, lexicon.abbreviations) for proposal in wanted}
    return [*wanted, *(one for one in found if key(one.text, lexicon.abbreviations) not in forms)]


def settle(
    desk: DeskProposals,
    entries: Sequence[Entry],
    left: Sequence[Entry],
    topics: Iterable[str],
    linter: ClaimsLinter,
    today: dt.date,
    folder: Path = DRAFTS,
) -> Tuple[List[Entry], List[Draft]]:
    """After accepting: writes drafts of accepted questions that are new, and tells the desk what was decided.

    Args:
        desk: where the proposals came from.
        entries: all entries, with their decisions.
        left: those that became no example.
        topics: the names of the files in data/faq/.
        linter: for the answers.
        today: becomes `gecontroleerd`.
        folder: for the drafts.

    Returns:
        The entries that are still left, and the drafts.
    """
    drafts: List[Draft] = []
    rest: List[Entry] = []
    known = set(topics)
    for entry in left:
        proposal = entry.proposal
        is_new = _ID.fullmatch(proposal.id) and proposal.id.split("_")[0] in known
        if entry.decision == ACCEPT and proposal.answer and is_new:
            drafts.append(_write_draft(proposal, linter, today, folder))
        else:
            rest.append(entry)
    waiting = {entry.proposal.desk_id for entry in rest if entry.decision != REJECT}
    decided = [entry for entry in entries if entry.proposal.desk_id and entry.proposal.desk_id not in waiting]
    desk.decide((entry.proposal.desk_id for entry in decided if entry.decision == ACCEPT), TAKEN)
    desk.decide((entry.proposal.desk_id for entry in decided if entry.decision == REJECT), REFUSED)
    return rest, drafts


def _write_draft(proposal: Proposal, linter: ClaimsLinter, today: dt.date, folder: Path) -> Draft:
    content = {
        "nlu": [{"intent": f"faq/{proposal.id}", "examples": Literal(f"- {proposal.text}\n")}],
        "responses": {
            f"utter_faq/{proposal.id}": [
                {
                    "text": Literal(proposal.answer + "\n"),
                    "metadata": {
                        "vraag": proposal.text,
                        "meer": "",
                        "verwant": [],
                        "bron": Quoted("VUL IN"),
                        "gecontroleerd": Quoted(today.isoformat()),
                        "let_op": [],
                    },
                }
            ]
        },
    }
    text = io.StringIO()
    yaml = YAML()
    yaml.width = 10_000
    yaml.dump(content, text)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{proposal.id}.yml"
    file.touch(mode=0o600)
    file.write_text(_HEAD + text.getvalue(), encoding="utf-8")
    findings = tuple(f"{finding.rule}: {finding.words} ({finding.excerpt})" for finding in linter.lint(proposal.answer))
    return Draft(file, findings)
