"""The small grammars that triage's own classifier learns from."""

from __future__ import annotations

import pytest

from nlu.triage_examples import ExampleError, TriageExample, drawn, expand, sentences, thinned, with_typing_errors

SLOTS = {"wie": ["mijn man", "mijn zus"], "slot": ["", "?"]}


def test_a_line_stands_for_all_that_its_choices_allow() -> None:
    assert sorted(drawn("<wie> (wil|gaat) weg <slot>", SLOTS)) == [
        "mijn man gaat weg",
        "mijn man gaat weg?",
        "mijn man wil weg",
        "mijn man wil weg?",
        "mijn zus gaat weg",
        "mijn zus gaat weg?",
        "mijn zus wil weg",
        "mijn zus wil weg?",
    ]


def test_the_same_sentences_are_drawn_every_time_and_no_more_than_asked_for() -> None:
    line = "(a|b|c|d|e) (a|b|c|d|e) (a|b|c|d|e)"
    assert drawn(line, {}, 5) == drawn(line, {}, 5)
    assert len(set(drawn(line, {}, 5))) == 5


def test_a_line_is_one_family_under_its_level() -> None:
    found = expand({"x.yml": {"vakjes": {"wie": ["ik"]}, "zinnen": {"violence": ["<wie> word geslagen"]}}})
    assert found == [TriageExample("ik word geslagen", "violence", "x.yml:violence:0")]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"zinnen": {"onbekend": ["x"]}}, "no level onbekend"),
        ({"zinnen": {"violence": ["<niets> x"]}}, "no slot niets"),
        ({"zinnen": {"violence": ["(a|b x"]}}, "brackets"),
    ],
)
def test_a_mistake_is_named_with_its_line(document: "dict[str, object]", message: str) -> None:
    with pytest.raises(ExampleError, match=message):
        expand({"x.yml": document})


def test_a_slot_may_stand_once_only() -> None:
    with pytest.raises(ExampleError, match="already exists"):
        expand({"a.yml": {"vakjes": {"wie": ["ik"]}}, "b.yml": {"vakjes": {"wie": ["jij"]}}})


def test_the_sentences_of_the_product_can_be_drawn() -> None:
    labels = [example.label for example in sentences()]
    assert min(labels.count(label) for label in set(labels)) > 300
    assert labels.count("gewoon") > 3000


def test_only_ordinary_examples_are_thinned() -> None:
    ordinary = [TriageExample(str(i), "gewoon", "") for i in range(10)]
    urgent = [TriageExample(str(i), "suicide", "") for i in range(10)]
    assert [e.label for e in thinned(ordinary + urgent)].count("gewoon") == 5
    assert [e.label for e in thinned(ordinary + urgent)].count("suicide") == 10


def test_ordinary_stories_are_all_kept() -> None:
    stories = [TriageExample(f"{i} " + "woord " * 20, "gewoon", "") for i in range(10)]
    assert thinned(stories) == stories


def test_some_examples_get_a_second_copy_with_a_typing_error() -> None:
    examples = [TriageExample(f"mijn buurman nummer {i} slaat zijn vrouw", "violence", "f") for i in range(100)]
    found = with_typing_errors(examples)
    assert found == with_typing_errors(examples)
    assert found[:100] == examples
    assert 20 < len(found) - 100 < 60
    assert all(example.text not in {e.text for e in examples} for example in found[100:])
