"""spaCy's Dutch look-up lemmas, read from spacy-lookups-data without spaCy around them.

spaCy's blank Dutch pipeline does one thing here: look each word up in this table. Importing spaCy for it takes two
seconds and 90 MB; the table itself is 7 MB of sorted lines, searched where it lies. tests/nlu/test_lookup.py compares
both on every word of the examples and on words of the table, with FULL=1 on all of them.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
from hashlib import blake2b
from pathlib import Path
from typing import Iterable, List, Optional

import numpy as np
from numpy.typing import NDArray

PACKAGE = "spacy_lookups_data"
FILE = "data/nl_lemma_lookup.json.gz"
_KEYS = re.compile(rb'^\s*"([^"\\]*)":', re.MULTILINE)
_VALUES = re.compile(rb'":\s*"([^"\\]*)"')


class LookupLemmas:
    """The table `{word: lemma}` as the file's own bytes, one entry a line, sorted by word."""

    def __init__(self, content: bytes) -> None:
        """Takes the JSON text of the file."""
        self._content = content
        self._first = content.index(b"\n") + 1
        self._end = content.rindex(b"\n")
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
                return value
            # Without the closing quote a word comes before all words that begin with it.
            if key[:-1] < wanted[:-1]:
                low = stop + 1
            else:
                high = start
        return None

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
