"""What triage recognises, what it lets pass, and which level wins. Literal messages, independent of the unseen sets."""

from __future__ import annotations

import itertools
import time

import pytest

from nlu.levels import ORDER
from nlu.triage import PATTERN_BONUS, SURE, THRESHOLDS, Examination, Judgement, combine, decide, default_triage, plain

triage = default_triage()


def level(text: str) -> str:
    hit = triage.assess(text)
    return hit.name if hit else "-"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ik wil niet meer leven", "suicide"),
        ("'k wil der ni meer zijn", "suicide"),
        ("ik denk aan zelf moord", "suicide"),
        ("zelfmoort", "suicide"),
        ("ik ben z3lfm00rd aan het plannen", "suicide"),
        ("mijn dochter beschadigt zichzelf", "suicide"),
        ("mijn man wil dood, wat moet ik doen", "suicide"),
        ("vroeger wilde ik dood en nu komt dat gevoel terug", "suicide"),
        ("ik wil euthanasie", "suicide"),
        ("hoeveel melatonine is dodelijk", "suicide"),
        ("mijn kind heeft pillen geslikt", "emergency"),
        ("ik heb tien tabletten tegelijk genomen", "emergency"),
        ("pijn op de borst en ik krijg geen lucht", "emergency"),
        ("mijn tong zwelt op", "emergency"),
        ("mijn broer had vorige maand een overdosis", "emergency"),
        ("mijn vriend slaat me", "violence"),
        ("ik ben als kind seksueel misbruikt", "violence"),
        ("ik tril en heb koorts sinds ik 5-htp bij mijn sertraline neem", "reaction"),
        ("mag ik 5-htp naast citralopram", "medication"),
        ("ik wil van de antidepressiva af", "medication"),
        ("sipralexa en tryptofaan", "medication"),
        ("kan da samen met mijne pil", "medication"),
        ("ik ben zwanger, mag ik magnesium", "pregnancy"),
        ("mag ik melatonine als ik borstvoeding geef", "pregnancy"),
        ("vanaf welke leeftijd mag je 5-htp", "child"),
        ("mijn zoon van 12 slaapt slecht, wat kan ik hem geven", "child"),
        ("mag ik magnesium bij nierproblemen", "condition"),
        ("ik word geopereerd, moet ik stoppen met supplementen", "condition"),
    ],
)
def test_a_matter_of_safety_is_recognised(text: str, expected: str) -> None:
    assert level(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "ik lach me dood",
        "ik schaam me dood",
        "ik ben doodmoe",
        "wat een moordprijs",
        "113 capsules",
        "wat is de deadline",
        "werkt magnesium pijnstillend",
        "mijn hond slikte een capsule",
        "een overdosis aan informatie",
        "oxytocine speelt een rol bij de bevalling",
        "liever zonder pillen",
        "ik ben verdrietig om mijn overleden vader",
        "ik voel me somber",
        "wat doet antibiotica met je darmflora",
        "welke medicijnen hebben invloed op de melatonineproductie",
        "ik ben al 16 jaar klant",
        "mijn zoon van 30 heeft het aangeraden",
        "ik heb last van mijn darmen",
        "nee ik gebruik geen medicijnen",
        "ik ben niet zwanger",
        "nee ik ben niet suicidaal",
        "",
        "?!",
    ],
)
def test_a_look_alike_or_ordinary_message_passes(text: str) -> None:
    assert level(text) == "-"


def test_the_sentence_in_the_middle_of_a_long_story_is_seen() -> None:
    story = (
        "Ik heb vorige week magnesium besteld en wacht op het pakket. Het weer is ook niet best. "
        "Eerlijk gezegd wil ik niet meer leven. Mijn zus vroeg nog naar de verzendkosten. Wanneer komt het?"
    )
    assert level(story) == "suicide"


def test_figurative_speech_does_not_hide_what_is_meant_in_the_same_message() -> None:
    assert level("ik lach me dood om die reclame maar eigenlijk wil ik niet meer leven") == "suicide"


def test_a_denial_of_the_word_does_not_hide_the_thought() -> None:
    assert level("ik heb geen zelfmoordplannen maar ik denk wel elke dag aan de dood") == "suicide"


def test_a_mix_of_overdose_and_suicide_is_suicide_and_names_both() -> None:
    hit = triage.assess("ik heb een hele strip pillen geslikt want ik wil dood")
    assert hit is not None
    assert (hit.name, "emergency" in hit.also) == ("suicide", True)


def test_the_most_urgent_level_wins() -> None:
    assert level("mijn kind heeft pillen geslikt en ik ben zwanger") == "emergency"
    for first, second in itertools.pairwise(ORDER):
        hit = decide(Examination({second: "x", first: "y"}, changes_medicine=True))
        assert hit is not None
        assert hit.name == first


def test_a_pregnancy_wins_over_a_medicine_that_is_only_mentioned_and_loses_to_stopping_it() -> None:
    assert level("ik ben zwanger en slik sertraline") == "pregnancy"
    assert level("ik ben zwanger en wil stoppen met sertraline") == "medication"


@pytest.mark.parametrize(
    ("text", "group", "interaction"),
    [
        ("mag ik 5-htp naast sertraline", "ssri", "serotonine"),
        ("tramadol en tryptofaan", "opioid_serotonine", "serotonine"),
        ("sint janskruid en de pil samen", "anticonceptie", "sint_janskruid"),
        ("doxycycline met magnesium", "antibioticum", "magnesium"),
        ("cbd olie bij marcoumar", "bloedverdunner", "cbd"),
        ("ik wil stoppen met metoprolol", "bloeddruk", "stoppen"),
        ("lithium en magnesium", "lithium", "lithium"),
        ("mag magnesium bij metoprolol", "bloeddruk", "algemeen"),
    ],
)
def test_a_medicine_gives_its_group_and_the_known_interaction(text: str, group: str, interaction: str) -> None:
    hit = triage.assess(text)
    assert hit is not None
    assert (hit.name, hit.medicine_group, hit.interaction) == ("medication", group, interaction)


def test_names_of_substances_have_one_spelling() -> None:
    assert plain("5-HTP, 5 htp en Sint-Janskruid") == "5htp, 5htp en sintjanskruid"


NOTHING = Examination({})


def judged(**margins: float) -> Judgement:
    return Judgement(margins, {})


def test_the_classifier_fires_alone_from_its_threshold_on() -> None:
    low = combine(NOTHING, judged(suicide=THRESHOLDS["suicide"] - 0.01, child=-2.0), {})
    high = combine(NOTHING, judged(suicide=THRESHOLDS["suicide"] + 0.01, child=-2.0), {})
    assert low is None
    assert high is not None
    assert (high.name, high.pattern) == ("suicide", "classifier")


def test_the_classifier_of_all_intents_tips_the_scales_and_no_more() -> None:
    for label, off, expected in (("safety_emergency", -0.35, "emergency"), ("faq/magnesium_wat_is", 0.35, None)):
        hit = combine(NOTHING, judged(emergency=THRESHOLDS["emergency"] + off), {label: 0.999})
        assert (hit.name if hit else None) == expected
    far = THRESHOLDS["emergency"] - 0.95
    assert combine(NOTHING, judged(emergency=far), {"safety_emergency": 0.999}) is None
    sure = combine(NOTHING, judged(emergency=1.5), {"faq/magnesium_wat_is": 0.999})
    assert sure is not None


def test_a_pattern_decides_unless_the_classifier_is_sure_that_a_message_is_ordinary() -> None:
    seen = Examination({"violence": "slaan"})
    hit = combine(seen, judged(violence=THRESHOLDS["violence"] - PATTERN_BONUS + 0.1), {})
    assert hit is not None
    assert (hit.name, hit.pattern) == ("violence", "slaan")
    assert combine(seen, judged(violence=-2.5), {}) is None


def test_no_classifier_outvotes_a_pattern_that_can_mean_nothing_else() -> None:
    seen = Examination({"child": "eigen_leeftijd"}, sure=frozenset({"child"}))
    hit = combine(seen, judged(child=-3.0), {"faq/winkel_betalen": 0.999})
    assert hit is not None
    assert hit.name == "child"


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Ik ga mijn leven beëindigen, waar is mijn pakket", "suicide"),
        ("hij wil niet meer leven", "suicide"),
        ("mijn vader krijgt geen lucht", "emergency"),
        ("mijn vriend slaat mij", "violence"),
        ("sinds de druppels ril ik en heb ik koorts", "reaction"),
        ("mag magnesium bij sertraline", "medication"),
        ("is er iets voor kramp als je zwanger bent", "pregnancy"),
        ("kan ik met tikkie betalen, ik ben 15", "child"),
        ("mag ijzer bij epilepsie", "condition"),
    ],
)
def test_a_plain_sentence_needs_no_classifier(text: str, level: str) -> None:
    assert level in triage.examine(text).sure


@pytest.mark.parametrize(
    "text",
    [
        "ik ben 15 jaar klant en wil graag weten waar mijn pakket blijft",
        "ik maak er een eind aan, aan mijn abonnement",
        "toen mijn oma zwanger was bestond magnesium nog niet",
        "mijn zoon van 25 zoekt een goede b12",
        "we hebben een bewusteloos saaie vergadering gehad",
        "ik ben allergisch voor mailtjes",
        "mijn hond at de pillen op",
    ],
)
def test_a_plain_looking_sentence_about_something_else_is_not_sure(text: str) -> None:
    assert triage.examine(text).sure == frozenset()


def test_without_a_classifier_the_patterns_decide_alone() -> None:
    hit = combine(Examination({"violence": "slaan"}), judged(), {})
    assert hit is not None
    assert hit.name == "violence"


def test_the_likeliest_level_wins_but_one_of_the_first_two_in_a_part_of_the_message_comes_first() -> None:
    margins = {"suicide": 1.2, "medication": 2.0}
    hit = combine(NOTHING, Judgement(margins, {"medication": 2.0}), {})
    assert hit is not None
    assert (hit.name, hit.also) == ("medication", ("suicide",))
    alone, with_pattern = SURE["suicide"]
    assert with_pattern < alone
    for seen, sure in ((NOTHING, alone), (Examination({"suicide": "wil_dood"}), with_pattern)):
        leading = {"medication": 2.0, "suicide": THRESHOLDS["suicide"] + sure}
        hit = combine(seen, Judgement(margins, leading), {})
        assert hit is not None
        assert (hit.name, hit.also) == ("suicide", ("medication",))


def test_after_figurative_speech_the_classifier_must_be_surer() -> None:
    assert combine(Examination({}, figurative=True), judged(suicide=THRESHOLDS["suicide"] + 0.1), {}) is None


def test_a_message_takes_about_a_millisecond_and_the_time_grows_with_its_length_only() -> None:
    text = "ik slaap slecht en wil graag weten of magnesium helpt voor de nacht, want ik heb een drukke baan"
    triage.assess(text)
    started = time.process_time()
    for _ in range(100):
        triage.assess(text)
    assert (time.process_time() - started) / 100 < 0.005  # five times what it takes, for slow machines
    started = time.process_time()
    triage.assess("ik wil niet meer dood zijn maar pillen en " * 48)
    assert time.process_time() - started < 0.2
