"""Reading sets from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.datasets import Sample, Step, UnseenSets, leaked, load_examples, load_safety, load_unseen, some_of_each
from nlu.lexicon import Lexicon


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "faq").mkdir()
    (tmp_path / "faq/slaap.yml").write_text("slaap_verbeteren:\n- {tekst: beter slapen, soort: kort}\n")
    (tmp_path / "intents.yml").write_text("greet:\n- {tekst: hoi, soort: kort}\n")
    (tmp_path / "off_topic.yml").write_text("berichten:\n- {tekst: wat doet creatine, soort: andere_stof}\n")
    (tmp_path / "vervolg.yml").write_text(
        "dialogen:\n- soort: meer\n  stappen:\n"
        "  - {klant: beter slapen, verwacht: [slaap_verbeteren, slaap_wat_is]}\n"
        "  - {klant: vertel meer, verwacht: {meer: slaap_verbeteren}}\n"
    )
    return tmp_path


def test_the_sets_are_read(folder: Path) -> None:
    sets = load_unseen(folder)
    assert sets.faq == [Sample("beter slapen", "faq/slaap_verbeteren", "kort")]
    assert sets.intents == [Sample("hoi", "greet", "kort")]
    assert sets.off_topic == [Sample("wat doet creatine", "", "andere_stof")]
    assert sets.dialogues[0].kind == "meer"
    assert sets.dialogues[0].steps == (
        Step("beter slapen", ("slaap_verbeteren", "slaap_wat_is")),
        Step("vertel meer", ({"meer": "slaap_verbeteren"},)),
    )


def test_a_missing_set_is_an_error(folder: Path) -> None:
    (folder / "vervolg.yml").unlink()
    with pytest.raises(FileNotFoundError):
        load_unseen(folder)


def test_safety_sets_are_labelled_by_file_name(tmp_path: Path) -> None:
    (tmp_path / "safety_child.yml").write_text("berichten:\n- {tekst: voor mijn zoontje, soort: direct}\n")
    (tmp_path / "look_alikes.yml").write_text("berichten:\n- {tekst: doodmoe, soort: figuurlijk}\n")
    (tmp_path / "dialogen.yml").write_text("dialogen: []\n")
    assert load_safety(tmp_path) == [
        Sample("doodmoe", "", "figuurlijk"),
        Sample("voor mijn zoontje", "safety_child", "direct"),
    ]


def test_examples_come_from_rasas_files(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("nlu:\n- intent: faq/x\n  examples: |\n    - een\n    - twee\n- lookup: y\n")
    (tmp_path / "b.yml").write_text("responses: {}\n")
    assert load_examples(tmp_path) == [("een", "faq/x"), ("twee", "faq/x")]


def test_some_examples_of_each_label_are_spread_over_its_list() -> None:
    examples = [(str(i), "a") for i in range(10)] + [("x", "b")]
    assert some_of_each(examples, 2) == [("0", "a"), ("5", "a"), ("x", "b")]
    assert some_of_each(examples, 100) == examples


def test_copied_sentences_are_found_whatever_their_case(folder: Path) -> None:
    sets = UnseenSets([Sample("Waar maakt je lijf serotonine?", "faq/x", "kort")], [], [], [])
    lexicon = Lexicon.load()
    assert leaked(sets, [("waar maakt je lijf  serotonine", "faq/x")], lexicon) == ["Waar maakt je lijf serotonine?"]
    assert leaked(sets, [("waar maakt je buik serotonine", "faq/x")], lexicon) == []
    assert leaked(sets, [("waar maakt je lijf  serotonine", "faq/x")], lexicon, shortest=6) == []
