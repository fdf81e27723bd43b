from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chain import check, gallery
from chain.model import Chain, load_chain

GOOD = {"slaap": "ja", "eiwit": "ja", "stress": "nee", "buik": "nee", "daglicht": "ja"}


def test_answers_that_ask_for_attention_give_tips_and_mark_their_links(chain: Chain) -> None:
    found = check.outcome(chain, {**GOOD, "slaap": "soms", "stress": "ja"})
    assert found.attention == ("slaap", "stress")
    assert found.answer.text.startswith("Hier kun je op letten:\n- Slaapritme: ")
    assert found.answer.text.endswith("Dit zegt niet wat er bij jou aan de hand is. Wil je persoonlijk advies?")
    assert found.answer.picture == "check-slaap-stress"
    assert gallery.pictures(chain)["check-slaap-stress"].marked == {"donker", "melatonine", "maagzuur"}
    assert [b.title for b in found.answer.buttons] == ["Persoonlijk advies", "Tips voor slaap", "Tips voor rust"]


def test_nothing_to_attend_to_gives_no_tips_but_still_no_diagnosis(chain: Chain) -> None:
    found = check.outcome(chain, GOOD)
    assert found.attention == ()
    assert found.answer.picture == "keten"
    assert "Dit zegt niet wat er bij jou aan de hand is." in found.answer.text


def test_not_knowing_is_no_reason_to_worry_about_stress_or_belly(chain: Chain) -> None:
    found = check.outcome(chain, dict.fromkeys(GOOD, "weet niet"))
    assert found.attention == ("slaap", "eiwit", "daglicht")


def test_missing_and_unknown_answers_count_as_not_knowing(chain: Chain) -> None:
    assert check.outcome(chain, {"slaap": None, "stress": "blauw"}).attention == ("slaap", "eiwit", "daglicht")


answers = st.fixed_dictionaries({i: st.sampled_from(["ja", "soms", "nee", "weet niet", None]) for i in GOOD})


@given(given_answers=answers)
def test_every_outcome_fits_has_a_picture_and_no_score(given_answers: dict) -> None:  # type: ignore[type-arg]
    chain = load_chain()
    found = check.outcome(chain, given_answers)
    assert len(found.answer.text) <= 500
    assert found.answer.picture in gallery.pictures(chain)
    for word in ("score", "punten:", "tekort", "diagnose:", "koop", "bestel"):
        assert word not in found.answer.text.lower()
    assert found.answer.buttons[0].payload == "ik wil graag persoonlijk advies"
