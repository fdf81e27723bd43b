"""`python -m review [--accept]`: writes var/review.yml with proposals, or adds the accepted ones to data/."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Dict

from content.catalogue import FAQ_RESPONSE
from evaluation.datasets import DATA, all_texts, load_examples, load_unseen, read_yaml
from nlu.lexicon import Lexicon
from review import decisions, examples, proposals
from review.conversations import NoConversations, read_sessions, sqlite_url
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
        if arguments.accept:
            return accept(arguments.file)
        return propose(arguments.store or _address(load_environment().conversations), arguments.file)
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


def _address(setting: str) -> str:
    return setting if "://" in setting else sqlite_url(Path(setting))


def propose(url: str, file: Path, data: Path = DATA) -> int:
    """Reads the conversations and writes the proposals, keeping decisions that were made before."""
    lexicon = Lexicon.load()
    old = decisions.read(file)
    found = proposals.find(read_sessions(url), canonical_questions(data), lexicon)
    known = [text for text, _ in load_examples(data)]
    entries = decisions.combine(old, found, known, lexicon)
    decisions.write(entries, file)
    waiting = sum(entry.decision == decisions.OPEN for entry in entries)
    print(f"{waiting} messages wait for a decision in {file}. Names are not masked: read before you accept.")
    return 0


def accept(file: Path, data: Path = DATA) -> int:
    """Adds accepted proposals to the examples and takes them out of the file."""
    from nlu.triage import assess

    entries = decisions.read(file)
    added, left = examples.add_accepted(
        entries, data, all_texts(load_unseen()), Lexicon.load(), lambda text: assess(text) is not None
    )
    decisions.write(left, file)
    for text, label in added:
        print(f"added to {label}: {examples.shorten(text)}")
    for entry in left:
        if entry.decision == decisions.ACCEPT:
            print(f"not added, {entry.refused}: {examples.shorten(entry.proposal.text)}")
    print(f"{len(added)} examples added." + (" Run make train and make test." if added else ""))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
