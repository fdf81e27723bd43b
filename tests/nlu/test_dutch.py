"""The Dutch spaCy pipeline: the installed model, else the blank one; never a model trained with the other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Dict

import pytest
import spacy
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu import component
from nlu.component import DutchUnderstanding
from nlu.dutch import FALLBACK, DutchPipeline, load_dutch, remembering


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a package nl_core_news_sm that loads the way the real one does."""
    folder = tmp_path_factory.mktemp("packages")
    package = folder / "nl_core_news_sm"
    nlp = spacy.blank("nl", meta={"name": "core_news_sm", "version": "3.4.0"})
    ruler = nlp.add_pipe("attribute_ruler")
    ruler.add([[{"LOWER": "serotonientje"}]], {"LEMMA": "serotonine"})
    package.mkdir()
    nlp.to_disk(package / "nl_core_news_sm-3.4.0")
    (package / "__init__.py").write_text(
        "from pathlib import Path\nfrom spacy.util import load_model_from_init_py\n"
        "def load(**overrides):\n    return load_model_from_init_py(__file__, **overrides)\n"
    )
    (package / "meta.json").write_text((package / "nl_core_news_sm-3.4.0" / "meta.json").read_text())
    return folder


def run(code: str, *paths: Path) -> str:
    environment = {"PYTHONPATH": ":".join(map(str, [*paths, Path.cwd()])), "TF_CPP_MIN_LOG_LEVEL": "3", "PATH": ""}
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_the_installed_model_is_used(stand_in: Path) -> None:
    code = "from nlu.dutch import *; d = load_dutch(); print(d.name, installed_name(), d.lemmas(['serotonientje']))"
    assert run(code, stand_in) == "nl_core_news_sm-3.4.0 nl_core_news_sm ['serotonine']"


def test_without_it_the_blank_pipeline_gives_lookup_lemmas() -> None:
    fallback = load_dutch()
    if fallback.name != FALLBACK:
        pytest.skip("nl_core_news_sm is installed on this machine")
    assert fallback.lemmas(["bijwerkingen", "aangemaakt", "duurt"]) == ["bijwerking", "aanmaken", "duren"]


def test_words_are_looked_up_once_and_forgotten_when_there_are_too_many() -> None:
    asked = []

    def lemmatise(words: "list[str]") -> "list[str]":
        asked.extend(words)
        return [word.upper() for word in words]

    look_up = remembering(lemmatise, size=3)
    assert look_up(["a", "b", "a"]) == ["A", "B", "A"]
    assert look_up(["b", "c"]) == ["B", "C"]
    assert asked == ["a", "b", "c"]
    assert look_up(["d", "a"]) == ["D", "A"]
    assert asked == ["a", "b", "c", "d", "a"]


def test_a_model_trained_with_the_other_pipeline_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = LocalModelStorage.create(tmp_path)
    context = ExecutionContext(GraphSchema({}))
    config: Dict[str, Any] = DutchUnderstanding.get_default_config()
    resource = Resource("understanding")
    texts = {
        "greet": ["hoi", "hallo", "goedemorgen", "dag", "hey"],
        "goodbye": ["doei", "ciao", "totziens", "later", "houdoe"],
    }
    messages = [Message.build(text, intent) for intent, many in texts.items() for text in many]
    DutchUnderstanding.create(config, storage, resource, context).train(TrainingData(messages))

    loaded = DutchUnderstanding.load(config, storage, resource, context)
    assert loaded.process([Message.build("hallo")])[0].get("intent")["name"] == "greet"

    other = DutchPipeline("nl_core_news_sm-3.4.0", load_dutch().nlp)
    monkeypatch.setattr(component, "load_dutch", lambda: other)
    with pytest.raises(RasaException, match=r"trained with the Dutch pipeline .* Run `make train`"):
        DutchUnderstanding.load(config, storage, resource, context)
