"""A nickname becomes the name, in one word or in two, and nothing else does."""

from __future__ import annotations

import pytest

from nlu.lexicon import read_data
from nlu.nicknames import Nicknames

NICKNAMES = Nicknames(read_data())


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("waar komt dat blije stofje vandaan", "waar komt dat serotonine vandaan"),
        ("hoeveel slaaphormoontje mag je", "hoeveel melatonine mag je"),
        ("het feel good hormoon", "het serotonine"),
        ("geluksstofje en knuffelhormoon", "serotonine en oxytocine"),
        ("blije mensen en een stofje", "blije mensen en een stofje"),
        ("een vrolijke", "een vrolijke"),
    ],
)
def test_nicknames_are_written_out(said: str, meant: str) -> None:
    words = said.split()
    assert " ".join(NICKNAMES.written_out(words, words)[0]) == meant


def test_what_was_typed_goes_along() -> None:
    words, typed = NICKNAMES.written_out(["dat", "blije", "stofje", "dan"], ["dat", "bleie", "stofje", "dn"])
    assert (words, typed) == (["dat", "serotonine", "dan"], ["dat", "bleie", "dn"])
