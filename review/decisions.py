"""The file var/review.yml: proposals with the owner's decisions."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString as Quoted

from nlu.lexicon import Lexicon
from nlu.normalise import key
from review.proposals import Proposal

FILE = Path("var/review.yml")
ACCEPT, REJECT, OPEN = "accept", "reject", ""
_WORDS = {"accept": ACCEPT, "ja": ACCEPT, "reject": REJECT, "nee": REJECT, "": OPEN}
_HEAD = """\
# Messages that the assistant may learn from. For each, write after decision:
#   accept  (or ja)   it becomes an example of its id; correct the id or the text first when they are wrong
#   reject  (or nee)  it is not proposed again
# Then run: make review ACCEPT=1
# E-mail addresses, telephone numbers, postcodes, order numbers and other long numbers are masked as ***. NAMES CAN'T BE
# RECOGNISED RELIABLY: take them out yourself, or reject the message. An id is one of data/faq/, or an intent such as
# out_of_scope. Messages about safety are never listed here.
# With an answer: an owner wants this question answered. Give it the id of a question that there is (it becomes an
# example) or a new one, such as magnesium_bier (a draft of the new question is written to var/faq/).
"""


class DecisionError(Exception):
    """The file can't be read; the message says what to mend."""


@dataclass(frozen=True)
class Entry:
    """A proposal with the owner's decision; `refused` says why an accepted one could not be added."""

    proposal: Proposal
    decision: str = OPEN
    refused: str = ""


def read(file: Path = FILE) -> List[Entry]:
    """The entries of the file, [] when it does not exist.

    Raises:
        DecisionError: names the file, and the line or the message that is wrong.
    """
    if not file.exists():
        return []
    try:
        content = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8")) or []
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DecisionError(f"{file}, line {line}: this is no valid YAML ({error.problem}).") from None
    if not isinstance(content, list):
        raise DecisionError(f"{file}: a list of messages is expected; delete the file to start anew.")
    return [_entry(file, item) for item in content]


def _entry(file: Path, item: Any) -> Entry:
    if not isinstance(item, Mapping) or not isinstance(item.get("text"), str):
        raise DecisionError(f"{file}: every entry needs a text ({str(item)[:60]}).")
    decision = _WORDS.get(str(item.get("decision") or "").strip().lower())
    if decision is None:
        raise DecisionError(f"{file}: '{item['decision']}' below '{item['text'][:60]}' is neither accept nor reject.")
    count = item.get("count")
    proposal = Proposal(
        item["text"],
        str(item.get("id") or "").strip(),
        str(item.get("why") or ""),
        count if isinstance(count, int) else 1,
        str(item.get("answer") or ""),
        item["desk"] if isinstance(item.get("desk"), int) else 0,
    )
    return Entry(proposal, decision, str(item.get("refused") or ""))


def combine(old: Sequence[Entry], found: Sequence[Proposal], known: Sequence[str], lexicon: Lexicon) -> List[Entry]:
    """Decisions that were made, and what was found since; what became an example in the meantime is left out.

    Args:
        old: the entries so far.
        found: the proposals of now.
        known: all examples.
        lexicon: for what counts as the same message.
    """

    def form(text: str) -> str:
        return key(text, lexicon.abbreviations)

    trained = {form(text) for text in known}
    decided: Dict[str, Entry] = {form(entry.proposal.text): entry for entry in old if entry.decision != OPEN}
    new = [Entry(p) for p in found if form(p.text) not in decided and form(p.text) not in trained]
    waiting = [entry for entry in decided.values() if entry.decision == ACCEPT]
    return [*waiting, *new, *(entry for entry in decided.values() if entry.decision == REJECT)]


def write(entries: Sequence[Entry], file: Path = FILE) -> None:
    """Writes the file; it holds messages of customers, so only its owner may read it."""
    items = []
    for entry in entries:
        proposal = entry.proposal
        item: Dict[str, Any] = {"text": Quoted(proposal.text), "id": Quoted(proposal.id), "why": proposal.why}
        item.update(count=proposal.count, decision=Quoted(entry.decision))
        if proposal.answer:
            item.update(answer=Quoted(proposal.answer), desk=proposal.desk_id)
        if entry.refused:
            item["refused"] = entry.refused
        items.append(item)
    yaml = YAML()
    yaml.width = 10_000
    text = io.StringIO()
    yaml.dump(items, text)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(_HEAD + text.getvalue(), encoding="utf-8")
