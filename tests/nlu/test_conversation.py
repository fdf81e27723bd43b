"""What a message means in its conversation, by the trained pipeline itself."""

from __future__ import annotations

from typing import Any, Optional

import pytest

from nlu.context import Conversation

CHOICES = ("magnesium_slaap", "magnesium_duur")


def after(last_id: str, onderwerp: Optional[str] = None, **more: Any) -> Conversation:
    topic, _, aspect = last_id.partition("_")
    is_shop = topic == "winkel"
    return Conversation(onderwerp or (None if is_shop else topic), None if is_shop else aspect, last_id, **more)


@pytest.mark.parametrize(
    ("before", "said", "action"),
    [
        (after("magnesium_stress"), "de tweede", "follow_up_topic"),
        (after("magnesium_stress", choices=CHOICES), "de tweede", "utter_faq/magnesium_duur"),
        (after("serotonine_waar"), "super dankjewel, en melatonine?", "utter_faq/melatonine_waar"),
        (after("magnesium_slaap"), "oeps, ik bedoel serotonine", "utter_faq/serotonine_slaap"),
        (after("magnesium_wat_is"), "wat doet dat met stress", "utter_faq/magnesium_stress"),
        (after("magnesium_wat_is"), "wat kost dat", "utter_faq/winkel_verkoop"),
        (after("winkel_buitenland"), "en hoe lang duurt dat dan?", "utter_faq/winkel_levertijd"),
        (after("winkel_retour", "magnesium"), "hoe snel werkt het?", "utter_faq/magnesium_duur"),
        (after("oxytocine_wat_is"), "in welk eten zit dat?", "ontbreekt/oxytocine"),
        (Conversation(), "ik had een vraagje over magnesium", "vragen_over/magnesium"),
        (
            after("oxytocine_bijwerkingen", asked="oxytocine bijwerkingen"),
            "melatonine?",
            "utter_faq/melatonine_bijwerkingen",
        ),
        (after("oxytocine_wat_is", asked="wat is oxytocine"), "melatonine?", "utter_faq/melatonine_wat_is"),
        (after("magnesium_vorm", asked="welke vorm van magnesium"), "treonaat?", "utter_faq/magnesium_threonaat"),
    ],
)
def test_follow_ups_of_customers(understanding: Any, before: Conversation, said: str, action: str) -> None:
    if action == "follow_up_topic":  # nothing was offered: no choice
        assert understanding.understand(said, before).faq_id != "magnesium_duur"
    else:
        assert understanding.understand(said, before).utter_action == action


def test_what_was_asked_without_an_answer_is_what_the_next_message_goes_on_about(understanding: Any) -> None:
    found = understanding.understand("in welk eten zit dat?", after("oxytocine_wat_is"))
    assert {(e.entity, e.value) for e in found.entities if e.role is None} >= {
        ("onderwerp", "oxytocine"),
        ("aspect", "voeding"),
    }


def test_a_second_question_is_found_and_yes_answers_it(understanding: Any) -> None:
    found = understanding.understand("Wat zijn de verzendkosten? En hoe kan ik betalen?")
    assert {found.faq_id, found.also} == {"winkel_verzendkosten", "winkel_betalen"}
    answer = understanding.understand("ja graag", Conversation(bij_ja="faq/winkel_betalen"))
    assert (answer.intent, answer.faq_id) == ("faq", "winkel_betalen")


@pytest.mark.parametrize(
    "said", ["wat is serotonine?", "helpt magnesium en b12 bij stress?", "hoi, wat kost verzenden?"]
)
def test_one_question_stays_one(understanding: Any, said: str) -> None:
    assert understanding.understand(said).also is None


@pytest.mark.parametrize(
    "said",
    [
        "waar wordt adrenaline gemaakt?",
        "bijwerkingen van creatinepoeder",
        "is spirulina goed voor je darmflora",
        "waar blijft mijn pakje van bol.com",
        "hoe raak ik van hoofdluis af",
        "en dopamine?",
    ],
)
def test_what_is_not_ours_gets_no_answer(understanding: Any, said: str) -> None:
    assert understanding.understand(said, after("serotonine_waar")).faq_id is None


def test_a_courtesy_with_more_words_stays_one(understanding: Any) -> None:
    assert understanding.understand("oke dan wacht ik wel af", after("winkel_bestelstatus")).intent == "affirm"
    found = understanding.understand("dank je, de bijwerkingen graag", after("magnesium_slaap"))
    assert found.faq_id == "magnesium_bijwerkingen"


@pytest.mark.parametrize(
    ("before", "said", "faq_id"),
    [
        (after("winkel_beschadigd"), "En mijn geld?", "winkel_retour"),
        (after("winkel_bestelstatus"), "en als t straks kapot aankomt", "winkel_beschadigd"),
        (Conversation(), "ik ben zwanger van de ideeën haha, wat doet oxytocine voor focus", "oxytocine_motivatie"),
    ],
)
def test_what_only_resembles_a_matter_of_safety_is_still_understood(
    understanding: Any, before: Conversation, said: str, faq_id: str
) -> None:
    found = understanding.understand(said, before)
    assert found.faq_id == faq_id
    assert all(not label.startswith("safety_") for label, _ in found.ranking)


def test_what_triage_may_have_missed_gets_no_guess(understanding: Any) -> None:
    said = "als ik morgen niet opsta is dat prima, liever zelfs, voor mij hoeft het"
    for before in (Conversation(), after("magnesium_slaap")):
        found = understanding.understand(said, before)
        assert sum(found.safety.values()) > 0.25
        assert found.intent == "nlu_fallback"


def test_a_long_complaint_is_no_step_back_in_the_chain(understanding: Any) -> None:
    before = after("winkel_beschadigd")
    said = "En vorige keer kwam het ook al veel te laat, zo ga je niet met klanten om"
    assert not understanding.understand(said, before).intent.startswith("chain_")
    assert understanding.understand("vorige", before).intent == "chain_previous"


@pytest.mark.parametrize("said", ["en oxytocine?", "oxytocine dan"])
def test_after_what_is_sold_another_name_asks_whether_that_is_sold(understanding: Any, said: str) -> None:
    assert understanding.understand(said, after("winkel_verkoop", "magnesium")).faq_id == "oxytocine_kopen"
    assert understanding.understand(said, after("winkel_retour", "magnesium")).faq_id != "oxytocine_kopen"


@pytest.mark.parametrize(
    ("said", "faq_id"),
    [
        ("haha. bijwerkingen van dat eerste?", "oxytocine_bijwerkingen"),
        ("en bij dat andere?", "oxytocine_voeding"),
        ("en van dat laatste de dosering", "magnesium_dosering"),
    ],
)
def test_dat_eerste_is_what_was_spoken_about_before(understanding: Any, said: str, faq_id: str) -> None:
    before = after("magnesium_voeding", earlier=("oxytocine",))
    found = understanding.understand(said, before)
    expected = "ontbreekt/oxytocine" if faq_id == "oxytocine_voeding" else f"utter_faq/{faq_id}"
    assert found.utter_action == expected
    assert understanding.understand(said, after("magnesium_voeding")).utter_action != "utter_faq/oxytocine_bijwerkingen"


def test_dat_eerste_stands_for_a_subject_also_when_questions_are_offered(understanding: Any) -> None:
    offered = after("magnesium_voeding", earlier=("oxytocine",), choices=("magnesium_slaap", "magnesium_duur"))
    assert (
        understanding.understand("terug naar die eerste, wat doet dat met je hart", offered).faq_id == "oxytocine_hart"
    )
    assert understanding.understand("de eerste", offered).faq_id == "magnesium_slaap"


def test_a_message_that_came_before_means_what_it_means_in_its_own_conversation(understanding: Any) -> None:
    for _ in range(3):
        for topic in ("magnesium", "melatonine"):
            found = understanding.understand("en wat zijn de bijwerkingen", after(f"{topic}_wat_is"))
            assert found.faq_id == f"{topic}_bijwerkingen"
    first = understanding.understand("hm magnesium blabla")
    assert all(understanding.understand("hm magnesium blabla") == first for _ in range(3))


def test_dat_tweede_is_the_second_subject_of_the_question_before(understanding: Any) -> None:
    before = after("melatonine_serotonine", asked="hoe werken serotonine en melatonine samen")
    assert understanding.understand("waar wordt die eerste gemaakt", before).faq_id == "serotonine_waar"
    assert understanding.understand("waar wordt dat tweede gemaakt", before).faq_id == "melatonine_waar"


@pytest.mark.parametrize("said", ["verkopen jullie het?", "verkopen jullie dat ook"])
def test_whether_it_is_sold_is_for_the_shop_to_say(understanding: Any, said: str) -> None:
    assert understanding.understand(said, after("melatonine_wat_is")).faq_id == "winkel_verkoop"


def test_after_an_answer_of_the_shop_how_long_asks_about_that(understanding: Any) -> None:
    assert understanding.understand("hoelang dan?", after("winkel_privacy")).faq_id == "winkel_privacy"
    assert understanding.understand("wie betaalt dat?", after("winkel_retour")).faq_id == "winkel_retour"


def test_what_is_remembered_holds_words_of_the_examples_only(understanding: Any) -> None:
    found = understanding.understand("ik ben Xandrovic 0612345678 en helpt magnesium bij stress")
    assert found.asked == "ik ben en helpt magnesium bij stress"
    assert understanding.understand("helpt magnesium bij stress", Conversation(advies="vraag")).asked == ""


def test_thumbs_are_opinions(understanding: Any) -> None:
    assert understanding.understand("👍").intent == "feedback_positive"
    assert understanding.understand("👎👎").intent == "feedback_negative"
