"""Writes data/veiligheid/geen_typefout.yml: real Dutch words that triage would take for a misspelt word of its own.

Run it after new words came into data/veiligheid/patronen.yml or medicijnen.yml:  python scripts/find_confusables.py
The words come from spacy-lookups-data (Dutch lemma tables, MIT) and from our own answers in data/; the answers are
spelt right, examples are not and are left out.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from pathlib import Path
from typing import Iterator, Set

from ruamel.yaml import YAML
from spacy_lookups_data import __file__ as lookups_file

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from nlu.triage import FOLDER, REAL_WORDS, load_triage, plain, read_files


def dutch_words() -> Iterator[str]:
    """Every word form and lemma of the Dutch tables."""
    folder = Path(lookups_file).parent / "data"
    with gzip.open(folder / "nl_lemma_lookup.json.gz") as file:
        for form, lemma in json.load(file).items():
            yield from (form, lemma)
    with gzip.open(folder / "nl_lemma_index.json.gz") as file:
        for words in json.load(file).values():
            yield from words


def our_words() -> Set[str]:
    """Words of our answers."""
    words: Set[str] = set()
    for path in Path("data").glob("*/*.yml"):
        if path.parent.name == FOLDER.name:
            continue
        document = YAML(typ="safe").load(path.read_text(encoding="utf-8")) or {}
        for variations in (document.get("responses") or {}).values():
            for variation in variations:
                words |= set(re.findall(r"[a-z]+", plain(str(variation))))
    return words


def main() -> None:
    """Finds the words, keeps the ones that were added by hand, writes the file."""
    texts = read_files()
    known = YAML(typ="safe").load(texts[REAL_WORDS]) or {}
    by_hand = [str(word) for word in known.get("met_de_hand") or []]
    triage = load_triage({**texts, REAL_WORDS: "woorden: []\nmet_de_hand: []\n"})
    candidates = {plain(word) for word in dutch_words()} | our_words()
    found = sorted(w for w in candidates if w.isalnum() and triage.takes_for(w) is not None)
    lines = [
        "# Real words that look like a misspelt word of patronen.yml or medicijnen.yml; triage leaves them alone.",
        "# woorden is written by scripts/find_confusables.py; add what it misses to met_de_hand.",
        "met_de_hand: [" + ", ".join(by_hand) + "]",
        "woorden:",
        *(f"  - {word}" for word in found),
    ]
    (FOLDER / REAL_WORDS).write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(found)} words.")


if __name__ == "__main__":
    main()
