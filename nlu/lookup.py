"""spaCy's Dutch look-up lemmas, read from spacy-lookups-data without spaCy around them.

spaCy's blank Dutch pipeline does one thing here: look each word up in this table. Importing spaCy for it takes two
seconds and 90 MB; the table itself is 7 MB of sorted lines, searched where it lies: first the block, then the word in
it. tests/nlu/test_lookup.py compares both on every word of the examples and on words of the table, with FULL=1 on all.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
from bisect import bisect_right
from hashlib import blake2b
from pathlib import Path
from typing import Iterable, List, Optional

import numpy as np
from numpy.typing import NDArray

PACKAGE = "spacy_lookups_data"
FILE = "data/nl_lemma_lookup.json.gz"
_BLOCK = 4096  # characters, in which a word is searched as in any text
_KEYS = re.compile(rb'^\s*"([^"\\]*)":', re.MULTILINE)
_VALUES = re.compile(rb'":\s*"([^"\\]*)"')


class LookupLemmas:
    """The table `{word: lemma}` as the file's own bytes, one entry a line, sorted by word."""

    def __init__(self, content: bytes) -> None:
        """Takes the JSON text of the file."""
        self._content = content
        # Where each block begins, and its first word; a block ends where the next one begins.
        lines = range(content.index(b"\n") + 1, content.rindex(b"\n"), _BLOCK)
        self._starts = sorted({content.rfind(b"\n", 0, place) + 1 for place in lines})
        opened = [content.index(b'"', start) for start in self._starts]
        self._keys = [content[quote : content.index(b'":', quote)] for quote in opened]
        self._starts.append(len(content))
        self._only_lemmas: Optional[NDArray[np.uint64]] = None

    def lemma(self, word: str) -> str:
        """The lemma in lower case, the word itself when the table does not hold it."""
        found = self._value(word.lower())
        return word.lower() if found is None else found.lower() or word

    def __contains__(self, word: str) -> bool:
        """Whether a word in lower case is one of the forms or lemmas of the table."""
        if self._value(word) is not None:
            return True
        if self._only_lemmas is None:
            self._only_lemmas = self.lemmas_only()
        wanted = _hash(word.encode())
        at = int(np.searchsorted(self._only_lemmas, np.uint64(wanted)))
        return at < len(self._only_lemmas) and int(self._only_lemmas[at]) == wanted

    def lemmas_only(self) -> NDArray[np.uint64]:
        """Sorted hashes of the lemmas that are no form; training makes them: that takes 0.3 s."""
        return _hashes(set(_VALUES.findall(self._content)) - set(_KEYS.findall(self._content)))

    def use(self, lemmas_only: NDArray[np.uint64]) -> None:
        """Takes what `lemmas_only` gave in training."""
        self._only_lemmas = lemmas_only

    def _value(self, lowered: str) -> Optional[str]:
        wanted = json.dumps(lowered, ensure_ascii=False).encode()
        # Without the closing quote a word comes before all words that begin with it.
        block = bisect_right(self._keys, wanted[:-1]) - 1
        if block < 0:
            return None
        found = self._content.find(wanted + b":", self._starts[block], self._starts[block + 1])
        if found < 0:
            return None
        start = found + len(wanted) + 1
        value: str = json.loads(self._content[start : self._content.index(b"\n", start)].strip().rstrip(b","))
        return value

    def lemmas(self, words: List[str]) -> List[str]:
        """Lemmas of normalised words, one each, in lower case."""
        return [self.lemma(word) for word in words]


def _hash(word: bytes) -> int:
    return int.from_bytes(blake2b(word, digest_size=8).digest(), "little")


def _hashes(words: Iterable[bytes]) -> NDArray[np.uint64]:
    """Sorted 64-bit hashes: eight bytes a word instead of a hundred; two of 100,000 words hardly ever share one."""
    return np.sort(np.fromiter((_hash(word) for word in words), dtype=np.uint64))


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
