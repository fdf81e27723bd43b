"""spaCy's Dutch look-up lemmas, read from spacy-lookups-data without spaCy around them.

spaCy's blank Dutch pipeline does one thing here: look each word up in this table. Importing spaCy for it takes two
seconds and 90 MB; the table itself is 7 MB of sorted lines, searched where it lies. tests/nlu/test_dutch.py compares
both on every word of the examples.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
from pathlib import Path
from typing import List

PACKAGE = "spacy_lookups_data"
FILE = "data/nl_lemma_lookup.json.gz"


class LookupLemmas:
    """The table `{word: lemma}` as the file's own bytes, one entry a line, sorted by word."""

    def __init__(self, content: bytes) -> None:
        """Takes the JSON text of the file."""
        self._content = content
        self._first = content.index(b"\n") + 1
        self._end = content.rindex(b"\n")

    def lemma(self, word: str) -> str:
        """The lemma in lower case, the word itself when the table does not hold it."""
        lowered = word.lower()
        wanted = json.dumps(lowered, ensure_ascii=False).encode()
        content = self._content
        low, high = self._first, self._end  # both stand at the beginning of a line, or at the end
        while low < high:
            start = content.rfind(b"\n", 0, (low + high) // 2) + 1
            if start < low:
                start = low
            stop = content.find(b"\n", start, self._end)
            stop = self._end if stop < 0 else stop
            key_start = content.find(b'"', start, stop)
            key_stop = content.find(b'":', key_start, stop) + 1
            key = content[key_start:key_stop]
            if key == wanted:
                value: str = json.loads(content[key_stop + 1 : stop].strip().rstrip(b","))
                return value.lower() or word
            # Without the closing quote a word comes before all words that begin with it.
            if key[:-1] < wanted[:-1]:
                low = stop + 1
            else:
                high = start
        return lowered

    def lemmas(self, words: List[str]) -> List[str]:
        """Lemmas of normalised words, one each, in lower case."""
        return [self.lemma(word) for word in words]


def load_lookup() -> LookupLemmas:
    """Reads the table.

    Raises:
        FileNotFoundError: spacy-lookups-data is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(PACKAGE)
    file = Path(next(iter(spec.submodule_search_locations))) / FILE
    return LookupLemmas(gzip.decompress(file.read_bytes()))
