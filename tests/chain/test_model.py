from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

import networkx as nx
import pytest

from chain import route
from chain.model import Chain, ChainError, chain_from_data, read_chain


def test_the_chain_has_the_links_and_blockers_that_customers_were_promised(chain: Chain) -> None:
    assert route.order(chain) == [
        "eiwit",
        "maagzuur",
        "tryptofaan",
        "ijzer",
        "foliumzuur",
        "vitamine B12",
        "vitamine D",
        "5-HTP",
        "vitamine B6",
        "magnesium",
        "serotonine",
        "donker",
        "melatonine",
    ]
    assert list(chain.blokkades) == [
        "stress",
        "te weinig maagzuur",
        "bloedsuiker",
        "genetische aanleg",
        "verstoorde darmflora",
        "tekort aan een schakel",
        "onregelmatige slaap",
    ]


def test_each_conversion_names_who_is_needed_and_who_supports(chain: Chain) -> None:
    assert chain.omzettingen["eerste_omzetting"].met == {
        "ijzer": "nodig",
        "foliumzuur": "steunt",
        "vitamine B12": "steunt",
        "vitamine D": "onderzoek",
    }
    assert chain.omzettingen["tweede_omzetting"].met == {"vitamine B6": "nodig", "magnesium": "steunt"}
    assert chain.omzettingen["nachtstap"].met == {"donker": "nodig"}


def test_names_are_those_that_understanding_gives(chain: Chain, data_files: Dict[Path, Any]) -> None:
    words = next(content for path, content in data_files.items() if path.name == "schakels.yml")
    assert set(words["schakels"]) == set(chain.schakels)
    assert set(words["blokkades"]) == set(chain.blokkades)


def test_what_comes_after_follows_from_the_conversions(chain: Chain) -> None:
    assert route.downstream(chain, "ijzer") == ["5-HTP", "serotonine", "melatonine"]
    assert route.downstream(chain, "vitamine B6") == ["serotonine", "melatonine"]
    assert route.downstream(chain, "melatonine") == []
    assert route.conversions_between(chain, "tryptofaan", "serotonine") == ["eerste_omzetting", "tweede_omzetting"]
    assert route.conversions_between(chain, "serotonine", "tryptofaan") == []


def test_the_graph_is_made_once_and_nobody_changes_it(chain: Chain) -> None:
    assert chain.graph is chain.graph
    with pytest.raises(nx.NetworkXError):
        chain.graph.add_node("nog een")
    names = route.order(chain)
    names.clear()
    assert route.order(chain)[0] == "eiwit"


def test_a_copy_with_other_links_has_a_graph_and_an_order_of_its_own(chain: Chain) -> None:
    assert "vitamine B6" in route.order(chain)
    fewer = {
        name: conversion.copy(update={"met": {}}) if "vitamine B6" in conversion.met else conversion
        for name, conversion in chain.omzettingen.items()
    }
    other = chain.copy(update={"omzettingen": fewer})
    assert other.graph.number_of_edges() < chain.graph.number_of_edges()
    assert route.order(other) != route.order(chain)


def test_questions_of_the_check_are_those_of_the_form(chain: Chain, data_files: Dict[Path, Any]) -> None:
    asked = {
        name[len("utter_ask_check_") :]: variations[0]
        for content in data_files.values()
        for name, variations in (content.get("responses") or {}).items()
        if name.startswith("utter_ask_check_")
    }
    assert list(asked) == list(chain.check.vragen) == ["slaap", "eiwit", "stress", "buik", "daglicht"]
    for question_id, response in asked.items():
        assert response["metadata"]["keten"] == {"vraag": "check", "open": question_id}
        assert len(response["buttons"]) == 3


def test_tips_of_the_check_ask_questions_of_the_catalogue(chain: Chain, responses: Dict[str, Any]) -> None:
    for question in chain.check.vragen.values():
        assert responses[f"utter_faq/{question.faq}"][0]["metadata"]["vraag"] == question.knop.tekst


def damaged(data: Dict[str, Any], message: str) -> None:
    with pytest.raises(ChainError) as caught:
        chain_from_data(data, "keten.yml")
    assert message in str(caught.value)


def test_an_unknown_source_is_reported_with_its_place(data: Dict[str, Any]) -> None:
    data["keten"]["schakels"]["ijzer"]["wat"]["bron"] = ["verzonnen"]
    damaged(data, "schakels.ijzer.wat: source 'verzonnen' is not in bronnen")


def test_a_statement_without_source_is_refused(data: Dict[str, Any]) -> None:
    data["keten"]["blokkades"]["stress"]["uitleg"]["bron"] = []
    damaged(data, "blokkades.stress.uitleg.bron: at least one is needed")


def test_an_unknown_certainty_is_reported(data: Dict[str, Any]) -> None:
    data["keten"]["schakels"]["donker"]["voeding"]["zekerheid"] = "misschien"
    damaged(data, "schakels.donker.voeding: 'misschien' is not in zekerheid")


def test_a_text_over_500_characters_is_refused(data: Dict[str, Any]) -> None:
    data["keten"]["schakels"]["ijzer"]["wat"]["tekst"] = "x" * 501
    damaged(data, "schakels.ijzer.wat.tekst")


def test_a_conversion_into_an_unknown_link_is_reported(data: Dict[str, Any]) -> None:
    data["keten"]["omzettingen"]["nachtstap"]["naar"] = "dopamine"
    damaged(data, "omzettingen.nachtstap: 'dopamine' is no link of the chain")


def test_a_circle_is_refused(data: Dict[str, Any]) -> None:
    data["keten"]["omzettingen"]["nachtstap"]["naar"] = "eiwit"
    damaged(data, "they run in a circle")


def test_a_helper_without_conversion_is_refused(data: Dict[str, Any]) -> None:
    del data["keten"]["omzettingen"]["tweede_omzetting"]["met"]["magnesium"]
    damaged(data, "schakels.magnesium: takes part in no conversion")


def test_an_unknown_key_is_reported_with_its_place(data: Dict[str, Any]) -> None:
    data["keten"]["schakels"]["ijzer"]["kleur"] = "rood"
    damaged(data, "keten.yml, schakels.ijzer.kleur")


def test_two_links_with_the_same_address_are_refused(data: Dict[str, Any]) -> None:
    data["keten"]["schakels"]["ijzer"]["slug"] = "eiwit"
    damaged(data, "the slug 'eiwit' occurs twice")


def test_a_missing_file_says_which(tmp_path: Path) -> None:
    with pytest.raises(ChainError, match=r"weg\.yml is missing"):
        read_chain(tmp_path / "weg.yml")


def test_broken_yaml_says_which_file(tmp_path: Path) -> None:
    (tmp_path / "kapot.yml").write_text("keten: [", encoding="utf-8")
    with pytest.raises(ChainError, match=r"kapot\.yml is no valid YAML"):
        read_chain(tmp_path / "kapot.yml")


# Words that no text about a nutrient may use: effects on illness or mood that nobody authorised.
FORBIDDEN = ("geneest", "werkt tegen", "antidepress", "helpt tegen", "vermindert angst", "400 keer", "400 maal")


def test_texts_keep_to_authorised_claims_and_corrections(data: Dict[str, Any]) -> None:
    for name, link in data["keten"]["schakels"].items():
        for key in ("wat", "voeding", "te_weinig", "stap"):
            text = (link.get(key) or {}).get("tekst", "").lower()
            if "overleg dan eerst met je arts of apotheker" in text:
                continue
            assert not [word for word in FORBIDDEN if word in text], f"{name}.{key}"
    for name in ("serotonine", "melatonine", "5-HTP", "tryptofaan", "donker"):
        assert "draagt bij" not in data["keten"]["schakels"][name]["wat"]["tekst"]
    assert "stopt niet ineens" in data["keten"]["schakels"]["ijzer"]["te_weinig"]["tekst"]
    assert "komt niet in je hersenen" in data["keten"]["schakels"]["serotonine"]["wat"]["tekst"]
