"""Normalisation: one form for what is written in many ways, linear in the length."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.lexicon import Lexicon
from nlu.normalise import MAX_WORD, MAX_WORDS, fold, words
from nlu.spelling import Speller, sound_of

ABBREVIATIONS = {"wrm": "waarom", "hoelang": "hoe lang", "kweenie": "ik weet niet"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wrm is Serotonine Één?", ["waarom", "is", "serotonine", "een"]),
        ("hoelang duurt dat", ["hoe", "lang", "duurt", "dat"]),
        ("5-HTP en 5 htp en 5htp", ["5htp", "en", "5htp", "en", "5htp"]),
        ("vit. B 6, vitamine b12, B-12", ["vitamine", "b6", "vitamine", "b12", "b12"]),
        ("heeeeel moeeee", ["hel", "moe"]),
        ("mail jan@winkel.nl of https://winkel.nl/x?y", ["mail", "of"]),
        ("darm-hersenas", ["darm-hersenas"]),
        ("👍👍", []),
        ("مرحبا", ["مرحبا"]),
    ],
)
def test_words_are_normalised(text: str, expected: "list[str]") -> None:
    assert words(text, ABBREVIATIONS) == expected


@given(st.text(max_size=3000))
def test_any_text_gives_bounded_words(text: str) -> None:
    found = words(text, ABBREVIATIONS)
    assert len(found) <= MAX_WORDS
    assert all(0 < len(word) <= MAX_WORD for word in found)


@pytest.mark.parametrize("unit", ["a", "a ", "5 h t p ", "vit. ", "@.", "www.", "é", "\u0301", "l tryptofaan "])
def test_the_time_grows_no_faster_than_the_text(unit: str) -> None:
    def cost(size: int) -> float:
        text = unit * size
        best = 9.0
        for _ in range(5):
            start = time.perf_counter()
            words(text, {})
            best = min(best, time.perf_counter() - start)
        return best

    assert cost(2_000) < 40 * cost(200)  # quadratic would be 100 times


def test_fold_takes_case_and_accents_away() -> None:
    assert fold("Één Bacteriën’s") == "een bacterien's"


class TestSpelling:
    speller = Speller({"bestelling": 40, "waarom": 30, "geproduceerd": 3, "bedoelen": 4}, ["serotonine", "melatonine"])

    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            ("seratonine", "serotonine"),
            ("sertonin", "serotonine"),
            ("melantonine", "melatonine"),
            ("bestellign", "bestelling"),
            ("waarim", "waarom"),
            ("serotonine", "serotonine"),
            ("bestelling", "bestelling"),
            ("huis", "huis"),
            ("dopamine", "dopamine"),
            ("b6", "b6"),
            ("bsetelling", "bestelling"),
            ("melatoninepilletjse", "melatoninepilletjse"),
            ("emlatonninepilletjes", "melatonine"),
        ],
    )
    def test_misspelt_words_become_known_ones_and_others_stay(self, typed: str, meant: str) -> None:
        assert self.speller.correct(typed) == meant


OFTEN = {"slecht": 60, "slaap": 90, "ik": 900, "moet": 300, "lang": 80, "duurt": 80, "angst": 60, "naast": 30}
OFTEN.update({"gaat": 90, "het": 900, "verzendkosten": 30, "verzend": 2, "kosten": 20, "over": 90, "voor": 300})


class TestSpellingOfMessages:
    speller = Speller(OFTEN, ["serotonine"])

    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            ("ikslaap slegt", "ik slaap slecht"),
            ("moetik", "moet ik"),
            ("hoe lan gduurt het", "hoe lang duurt het"),
            ("verzend kosten", "verzendkosten"),
            ("angst voor", "angst voor"),
            ("agnst", "angst"),
            ("vor", "voor"),
            ("kat", "kat"),
            ("gaat over sarotonnine", "gaat over serotonine"),
            ("qwrtp zxcvb", "qwrtp zxcvb"),
        ],
    )
    def test_words_are_mended_joined_and_taken_apart(self, typed: str, meant: str) -> None:
        words, origin = self.speller.correct_all(typed.split())
        assert " ".join(words) == meant
        assert len(origin) == len(words)

    def test_what_sounds_alike_is_alike(self) -> None:
        assert sound_of("oxitosine") == sound_of("oxytocine")
        assert sound_of("slegt") == sound_of("slecht")
        assert sound_of("bereiken") == sound_of("berijken")
        assert sound_of("slaap") != sound_of("slecht")


def test_the_dictionary_finds_lay_words_compounds_and_other_substances() -> None:
    lexicon = Lexicon.load()

    def names(concepts: str, text: str) -> "list[str]":
        return [found.name for found in getattr(lexicon, concepts).find(words(text, lexicon.abbreviations))]

    assert names("onderwerp", "dat gelukshormoon") == ["serotonine"]
    assert names("onderwerp", "mijn darmbacteriën") == ["microbioom", "darmen"]
    assert set(names("schakel", "wat doet vit b6 daar")) == {"vitamine B6"}
    assert "adrenaline" in names("other", "waar wordt adrenaline gemaakt")
    assert names("other", "creatinepoeder kopen") == ["creatin..."]
    assert names("other", "van leveren en verzinken") == []
    assert names("aspect", "hoe lang duurt dat") == ["duur", "duur"]
