"""Our importer gives the same data as Rasa's own, only sooner."""

from __future__ import annotations

from pathlib import Path

import pytest
from rasa.shared.importers.rasa import RasaFileImporter

from server import importer
from server.importer import ContentImporter

FILES = [str(path) for path in sorted(Path("data").rglob("*.yml"))]  # Rasa's own importer checks their schema


def test_examples_and_responses_are_those_of_rasas_own_importer() -> None:
    ours = ContentImporter("config.yml", "domain.yml", FILES).get_nlu_data()
    theirs = RasaFileImporter("config.yml", "domain.yml", FILES).get_nlu_data()
    assert [m.data for m in ours.training_examples] == [m.data for m in theirs.training_examples]
    assert ours.responses == theirs.responses
    again = ContentImporter("config.yml", "domain.yml", FILES).get_nlu_data()
    assert ours.fingerprint() == again.fingerprint()  # Rasa's cache of what was trained lives by it
    assert len(set(ours.training_examples)) == len(set(theirs.training_examples))


def test_the_data_are_read_once_for_every_language() -> None:
    importer = ContentImporter("config.yml", "domain.yml", FILES)
    assert importer.get_nlu_data("en") is importer.get_nlu_data("nl")


def test_what_was_read_ahead_of_a_training_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "_ahead", {})
    data = importer.read_ahead("config.yml", "domain.yml", FILES[:3])
    assert ContentImporter("config.yml", "domain.yml", FILES[:3]).get_nlu_data() is data
    assert ContentImporter("config.yml", "domain.yml", FILES[:2]).get_nlu_data() is not data


def test_a_changed_example_has_another_hash_and_an_unchanged_one_the_same() -> None:
    message = ContentImporter("config.yml", "domain.yml", FILES).get_nlu_data().training_examples[0]
    before = message.fingerprint()
    message.set("intent", message.get("intent"))
    assert message.fingerprint() == before
    message.set("intent", "other")
    assert message.fingerprint() != before
