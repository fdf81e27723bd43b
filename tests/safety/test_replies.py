"""The safety replies: right numbers, no product, a human offered, every medicine variation reachable."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any, Dict, List

import pytest
from ruamel.yaml import YAML

from content.catalogue import fill, placeholders_in
from content.helplines import HELPLINES, HelplineError, read_helplines
from nlu.levels import ORDER, URGENT

FOLDER = Path("data/veiligheid")
LEVELS = sorted(ORDER)


@pytest.fixture(scope="module")
def replies() -> Dict[str, List[Dict[str, Any]]]:
    document = YAML(typ="safe").load((FOLDER / "responses.yml").read_text(encoding="utf-8"))
    return dict(document["responses"])


def filled(variation: Dict[str, Any]) -> str:
    text = fill(variation["text"], read_helplines().placeholders())
    assert text is not None
    return text


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_has_a_reply_without_condition_that_fits(
    level: str, replies: Dict[str, List[Dict[str, Any]]]
) -> None:
    variations = replies[f"utter_safety_{level}"]
    assert "condition" not in variations[-1]
    for variation in variations:
        assert len(filled(variation)) <= 500
        assert variation["metadata"]["disclosure"] == "after"


@pytest.mark.parametrize(
    ("level", "numbers"),
    [
        ("suicide", ["113", "113.nl", "1813", "zelfmoord1813.be", "112"]),
        ("emergency", ["112", "1733", "070 245 245"]),
        ("violence", ["112", "0800-2000", "1712", "0800-0432", "102"]),
        ("reaction", ["112", "1733"]),
    ],
)
def test_the_numbers_of_both_countries_are_in_every_urgent_reply(
    level: str, numbers: List[str], replies: Dict[str, List[Dict[str, Any]]]
) -> None:
    for variation in replies[f"utter_safety_{level}"]:
        text = filled(variation)
        assert [number for number in numbers if number not in text] == []


def test_a_mix_of_overdose_and_suicide_shows_the_numbers_of_both(replies: Dict[str, List[Dict[str, Any]]]) -> None:
    mixed = replies["utter_safety_suicide"][0]
    assert mixed["condition"] == [{"type": "slot", "name": "veiligheid_ook", "value": "emergency"}]
    text = filled(mixed)
    assert [n for n in ["112", "1733", "070 245 245", "113", "1813", "zelfmoord1813.be"] if n not in text] == []


def test_urgent_replies_offer_a_human_by_word_and_button(replies: Dict[str, List[Dict[str, Any]]]) -> None:
    for level in URGENT:
        for variation in replies[f"utter_safety_{level}"]:
            assert "medewerker" in variation["text"]
            assert [button["payload"] for button in variation["buttons"]] == ["medewerker"]


def test_no_reply_names_a_number_literally_or_points_to_the_shop(replies: Dict[str, List[Dict[str, Any]]]) -> None:
    lines = read_helplines().placeholders()
    for name, variations in replies.items():
        for variation in variations:
            bare = variation["text"]
            assert not [v for v in lines.values() if v in bare.replace("113.nl", "")], name
            assert not [w for w in ("bestel", "koop", "http", "winkel", "aanbieding", "korting") if w in bare.lower()]


def test_replies_about_medicines_send_to_a_doctor_or_pharmacist_and_never_say_start_or_take(
    replies: Dict[str, List[Dict[str, Any]]],
) -> None:
    for variation in replies["utter_safety_medication"]:
        text = variation["text"]
        assert "arts" in text
        assert "apotheker" in text
        assert not [w for w in ("begin met", "neem ", "slik ", "je mag ", "je kunt stoppen") if w in text.lower()]


def test_every_known_interaction_has_its_reply_and_every_reply_its_interaction(
    replies: Dict[str, List[Dict[str, Any]]],
) -> None:
    medicines = YAML(typ="safe").load((FOLDER / "medicijnen.yml").read_text(encoding="utf-8"))
    known = {rule["id"] for rule in medicines["wisselwerkingen"]}
    conditions = {v["condition"][0]["value"] for v in replies["utter_safety_medication"] if "condition" in v}
    assert conditions == known


def test_at_least_250_medicines_have_a_group_and_a_source() -> None:
    medicines = YAML(typ="safe").load((FOLDER / "medicijnen.yml").read_text(encoding="utf-8"))
    names = set()
    for group in medicines["groepen"].values():
        assert group["bron"]
        names |= {str(n).lower() for kind in ("stoffen", "merken_nl", "merken_be") for n in group[kind]}
    assert len(names) >= 250


def test_every_placeholder_of_a_reply_is_a_helpline(replies: Dict[str, List[Dict[str, Any]]]) -> None:
    lines = read_helplines().placeholders()
    used = {name for variations in replies.values() for v in variations for name in placeholders_in(v["text"])}
    assert used <= set(lines)


def test_no_number_was_last_checked_longer_ago_than_the_shop_allows() -> None:
    # Fails when it is time to look the numbers up again: data/veiligheid/hulplijnen.yml.
    assert read_helplines().overdue(date.today()) == []


def test_a_number_becomes_overdue_after_the_limit() -> None:
    lines = read_helplines()
    newest = max(line.checked for line in lines.lines.values())
    assert lines.overdue(newest) == []
    assert set(lines.overdue(newest + timedelta(days=lines.max_age_days + 1))) == set(lines.lines)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('waarde: "113"', "waarde: 113", "waarde"),
        ('waarde: "113"', "waarde: bel ons", "waarde"),
        ("land: [NL]", "land: [DE]", "land"),
        ("gecontroleerd: 2026-11-22", "gecontroleerd: gisteren", "date"),
        ("check: true", "check: misschien", "check"),
        ("maximale_leeftijd_dagen: 180", "maximale_leeftijd_dagen: 0", "days"),
        ("  lijn_nood:", "  lijn-1:", "name"),
    ],
)
def test_a_wrong_entry_is_refused_with_what_is_wrong(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = HELPLINES.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "hulplijnen.yml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(HelplineError, match=message):
        read_helplines(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(HelplineError, match="is missing"):
        read_helplines(tmp_path / "weg.yml")
