"""Rasa imports only what it uses: TensorFlow and its kind stay out, and come in when a configuration asks for them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Tuple

import pytest

from rasa_patches import deferred, heavy, recipe

TINY_NLU = """
version: "3.1"
nlu:
- intent: greet
  examples: |
    - hallo daar
    - goedemorgen
    - hoi
- intent: goodbye
  examples: |
    - tot ziens
    - doei
    - dag hoor
"""
TINY_DOMAIN = 'version: "3.1"\nintents: [greet, goodbye]\nresponses:\n  utter_greet: [{text: hoi}]\n'
TINY_RULES = 'version: "3.1"\nrules:\n- rule: greet\n  steps: [{intent: greet}, {action: utter_greet}]\n'
REAL = "sorted(n for n, m in sys.modules.items() if n in {names} and type(m).__name__ != 'StandIn')"
NEVER = ("tensorflow", "keras", "sklearn", "spacy", "matplotlib", "boto3", "pymongo", "aiogram", "slack_sdk", "dask")


def python(code: str, *paths: Path, cwd: Path = Path(".")) -> str:
    folders = os.pathsep.join(map(str, [Path.cwd(), *paths]))
    environment = {**os.environ, "PYTHONPATH": folders, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], env=environment, capture_output=True, text=True, cwd=cwd
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A project that trains in a moment."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "nlu.yml").write_text(TINY_NLU)
    (tmp_path / "data" / "rules.yml").write_text(TINY_RULES)
    (tmp_path / "domain.yml").write_text(TINY_DOMAIN)
    return tmp_path


def train(folder: Path, config: str) -> Tuple[str, str]:
    """Trains and asks one message in the same process; gives the intent and which of NEVER came in."""
    (folder / "config.yml").write_text(config)
    names = repr(set(NEVER))
    code = f"""
import rasa_patches, sys, asyncio
rasa_patches.install()
sys.argv = ["rasa", "train", "--skip-validation", "--fixed-model-name", "tiny"]
from rasa.__main__ import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
rasa_patches.apply()
from rasa.core.agent import Agent
agent = Agent.load("models/tiny.tar.gz")
found = asyncio.run(agent.parse_message("hallo daar"))
print()
print(found["intent"]["name"], *{REAL.format(names=names)})
"""
    last = python(code, cwd=folder).strip().splitlines()[-1].split()
    return last[0], " ".join(last[1:])


def test_training_and_answering_need_no_tensorflow(tiny: Path) -> None:
    config = (
        "recipe: default.v1\nassistant_id: x\nlanguage: nl\npipeline:\n- name: WhitespaceTokenizer\n"
        "- name: KeywordIntentClassifier\n  case_sensitive: false\npolicies:\n- name: policies.rules.RecentRulePolicy\n"
    )
    assert train(tiny, config) == ("greet", "dask")  # which runs the graph of a training


def test_a_pipeline_with_diet_still_works(tiny: Path) -> None:
    """config.diet.yml with one epoch: everything that is deferred for us comes in for DIET."""
    diet = Path("config.diet.yml").read_text(encoding="utf-8").replace("epochs: 100", "epochs: 30")
    intent, came_in = train(tiny, diet)
    assert intent == "greet"
    assert "tensorflow" in came_in.split()
    # The next start finds its components by the names in the model, and none of their modules imported.
    code = """
import rasa_patches, asyncio
rasa_patches.install()
import rasa.__main__
from rasa.core.agent import Agent
print()
print(asyncio.run(Agent.load("models/tiny.tar.gz").parse_message("hallo daar"))["intent"]["name"])
"""
    assert python(code, cwd=tiny).strip().splitlines()[-1] == "greet"


def test_the_running_model_imports_none_of_it(trained_model: Path, tmp_path: Path) -> None:
    names = repr({*NEVER, "scipy", "jwt", "redis", "apscheduler", "pkg_resources", "thinc"})
    code = f"""
import rasa_patches, sys, asyncio, os
os.environ.update(SCHAKEL_CONVERSATIONS={str(tmp_path / "c.db")!r}, SCHAKEL_ACTIONS_PORT="9")
rasa_patches.install()
import rasa.__main__, rasa.core.run
from rasa.core.agent import load_agent
from rasa.core.utils import AvailableEndpoints
async def ask():
    agent = await load_agent({str(trained_model)!r}, endpoints=AvailableEndpoints.read_endpoints("endpoints.yml"))
    return (await agent.handle_text("wat is serotonine?"))[0]["text"]
assert asyncio.run(ask())
print({REAL.format(names=names)})
"""
    assert python(code).strip().splitlines()[-1] == "[]"


def test_the_channels_wait_for_none_of_what_only_some_visitors_need() -> None:
    names = repr({"networkx", "jinja2", "alembic", "mako", "pygments", "phonenumbers", "email_validator", "matplotlib"})
    code = f"""
import rasa_patches, sys
rasa_patches.install()
from rasa.core.run import create_http_input_channels
async def nobody(message): pass
for channel in create_http_input_channels(None, "credentials.yml"):
    if channel.name() in ("keten", "rest"):
        channel.blueprint(nobody)
print({REAL.format(names=names)})
"""
    assert python(code).strip().splitlines()[-1] == "[]"


def test_the_rasa_command_gets_it_from_the_environment(tmp_path: Path) -> None:
    """scripts/setup.sh writes this file into the environment, for those who type `rasa train` themselves."""
    (tmp_path / "schakel.pth").write_text(f"{Path.cwd()}\nimport rasa_patches.console\n")
    code = f"""
import sys, site
sys.orig_argv[:] = ["python", "/x/bin/rasa", "train"]
sys.modules.pop("rasa_patches.console", None)  # the environment's own .pth file has imported it already
site.addsitedir({str(tmp_path)!r})
import tensorflow
print(type(tensorflow).__name__)
"""
    assert python(code).strip() == "StandIn"
    assert (
        python(code.replace("/x/bin/rasa", "/x/bin/pytest").replace("import tensorflow\n", "tensorflow = 1\n")).strip()
        == "int"
    )


def test_what_is_answered_without_importing_is_right() -> None:
    for place, answer in heavy.ANSWERS.items():
        if place.startswith("rasa."):
            module, name, method = place.rsplit(".", 2)
            real = python(f"import importlib; print(getattr(importlib.import_module({module!r}), {name!r}).{method}())")
            assert real.strip().splitlines()[-1] == answer


def test_the_registry_knows_every_component_of_rasa() -> None:
    code = (
        "from rasa.engine.recipes.default_components import DEFAULT_COMPONENTS as all\n"
        "print(sorted((c.__name__, c.__module__) for c in all))"
    )
    assert python(code).strip().splitlines()[-1] == repr(sorted(recipe.MODULES.items()))


def test_a_module_that_is_not_installed_is_missing_as_always() -> None:
    code = """
from rasa_patches.deferred import defer
defer(["no_such_module_here"])
try:
    import no_such_module_here
except ModuleNotFoundError as error:
    print(error)
"""
    assert python(code).strip() == "No module named 'no_such_module_here'"


def test_a_promise_becomes_the_real_thing_when_it_is_used() -> None:
    code = """
import sys
from rasa_patches.deferred import defer, deferred
defer(["fractions", "xml.dom"])
import fractions
from fractions import Fraction
from xml.dom import minidom
assert not isinstance(1, Fraction) and "fractions" in deferred()
class Half(Fraction): pass
print(Half(1, 2) + Fraction(1, 4), isinstance(Half(1, 2), Fraction), fractions.Fraction(1, 3))
print(minidom.parseString("<a/>").documentElement.tagName)
"""
    assert python(code).strip() == "3/4 True 1/3\na"


def test_nothing_is_deferred_in_this_process() -> None:
    assert deferred._finder not in sys.meta_path
