"""`python -m review [--accept]`: writes var/review.yml with proposals, or adds the accepted ones to data/."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from content.catalogue import FAQ_RESPONSE
from content.claims import read_claims
from evaluation.datasets import DATA, all_texts, load_examples, load_unseen, read_yaml
from nlu.lexicon import Lexicon
from review import decisions, desk_proposals, examples, proposals
from review.conversations import NO_RATINGS, NoConversations, read_sessions, store_address
from review.desk_proposals import DeskProposals
from review.ratings import read_ratings
from shop.settings import SettingsError, load_environment


def main() -> int:
    """Parses the command and runs it; every expected failure ends as one clear message and exit code 1."""
    parser = argparse.ArgumentParser(
        prog="python -m review", description="Learning from use; see docs/understanding.md."
    )
    parser.add_argument("--accept", action="store_true", help=f"add what is accepted in {decisions.FILE} to data/")
    parser.add_argument("--store", help="address of the tracker store for SQLAlchemy, when it is not the SQLite file")
    parser.add_argument("--file", type=Path, default=decisions.FILE, help="another file than var/review.yml")
    arguments = parser.parse_args()
    try:
        environment = load_environment()
        desk = DeskProposals(environment.desk_database)
        if arguments.accept:
            return accept(arguments.file, desk=desk)
        wanted = desk.open()
        try:
            url = arguments.store or store_address(environment.conversations)
        except NoConversations:
            if not wanted:
                raise
            url = ""
        return propose(url, arguments.file, wanted=wanted, ratings=read_ratings(environment.web_database))
    except (NoConversations, decisions.DecisionError, SettingsError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1


def canonical_questions(data: Path = DATA) -> Dict[str, str]:
    """{canonical question: id}, the questions that buttons ask."""
    found = {}
    for file in sorted((data / "faq").glob("*.yml")):
        for name, variations in (read_yaml(file).get("responses") or {}).items():
            if name.startswith(FAQ_RESPONSE):
                found[variations[0]["metadata"]["vraag"]] = name[len(FAQ_RESPONSE) :]
    return found


def propose(
    url: str,
    file: Path,
    data: Path = DATA,
    wanted: Sequence[proposals.Proposal] = (),
    ratings: Mapping[Tuple[str, str], str] = NO_RATINGS,
) -> int:
    """Reads the conversations and writes the proposals, keeping decisions that were made before.

    Args:
        url: of the tracker store, '' without one.
        file: for the proposals.
        data: the examples.
        wanted: what the owners proposed on the staff page; comes first.
        ratings: thumbs of the web chat, see `review.ratings`.
    """
    lexicon = Lexicon.load()
    old = decisions.read(file)
    found = proposals.find(read_sessions(url, ratings) if url else (), canonical_questions(data), lexicon)
    found = desk_proposals.first(wanted, found, lexicon)
    known = [text for text, _ in load_examples(data)]
    entries = decisions.combine(old, found, known, lexicon)
    decisions.write(entries, file)
    waiting = sum(entry.decision == decisions.OPEN for entry in entries)
    print(f"{waiting} messages wait for a decision in {file}. Names are not masked: read before you accept.")
    return 0


def accept(file: Path, data: Path = DATA, desk: Optional[DeskProposals] = None) -> int:
    """Adds accepted proposals to the examples, or writes drafts of new questions; takes them out of the file."""
    from nlu.triage import assess

    entries = decisions.read(file)
    added, left = examples.add_accepted(
        entries, data, all_texts(load_unseen()), Lexicon.load(), lambda text: assess(text) is not None
    )
    drafts: List[desk_proposals.Draft] = []
    if desk is not None:
        topics = [path.stem for path in (data / "faq").glob("*.yml")]
        left, drafts = desk_proposals.settle(desk, entries, left, topics, read_claims(), date.today())
    decisions.write(left, file)
    for draft in drafts:
        print(f"draft of a new question: {draft.file}")
        for finding in draft.findings:
            print(f"  mind this in its answer: {finding}")
    for text, label in added:
        print(f"added to {label}: {examples.shorten(text)}")
    for entry in left:
        if entry.decision == decisions.ACCEPT:
            print(f"not added, {entry.refused}: {examples.shorten(entry.proposal.text)}")
    print(f"{len(added)} examples added." + (" Run make train and make test." if added else ""))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
