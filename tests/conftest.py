"""What many tests share: the content as plain data, and the trained model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest
from filelock import FileLock
from hypothesis import settings
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
os.chdir(ROOT)
os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# The same examples in every run, and no time is asserted: the machine may be busy with the other tests.
settings.register_profile("schakel", deadline=None, derandomize=True)
settings.load_profile("schakel")


def read_yaml(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: List[pytest.Item]) -> None:
    """Tests that share servers or browsers run in one process: those of a file, and all that use the running pair."""
    for item in items:
        folder = item.path.parent
        item.add_marker(pytest.mark.xdist_group("pair" if folder.name == "e2e" else str(item.path.relative_to(ROOT))))


@pytest.fixture(scope="session")
def data_files() -> Dict[Path, Dict[str, Any]]:
    return {path: read_yaml(path) for path in sorted((ROOT / "data").rglob("*.yml"))}


@pytest.fixture(scope="session")
def responses(data_files: Dict[Path, Dict[str, Any]]) -> Dict[str, List[Dict[str, Any]]]:
    found: Dict[str, List[Dict[str, Any]]] = {}
    for path, content in data_files.items():
        for name, variations in (content.get("responses") or {}).items():
            assert name not in found, f"{name} stands twice, the second time in {path}"
            found[name] = variations
    return found


@pytest.fixture(scope="session")
def examples(data_files: Dict[Path, Dict[str, Any]]) -> List[Tuple[str, str]]:
    """(sentence, label) of every training example."""
    return [
        (line.strip()[2:].strip(), block["intent"])
        for content in data_files.values()
        for block in content.get("nlu") or []
        if "intent" in block
        for line in block["examples"].splitlines()
        if line.strip().startswith("- ")
    ]


@pytest.fixture(scope="session")
def contract() -> Dict[str, Any]:
    found: Dict[str, Any] = read_yaml(ROOT / "tests/content/contract.yml")
    return found


@pytest.fixture(scope="session")
def trained_model() -> Path:
    """The model for the content as it is; trained once when it is not there yet."""
    from server.training import MODEL, train

    MODEL.parent.mkdir(exist_ok=True)
    with FileLock(MODEL.parent / "training.lock"):  # of the tests that run side by side one trains, the others wait
        train()
    return MODEL


@pytest.fixture(scope="session")
def understanding(trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The trained pipeline out of the model, without Rasa around it."""
    from rasa.engine.storage.local_model_storage import LocalModelStorage

    from nlu.component import DutchUnderstanding

    folder = tmp_path_factory.mktemp("model")
    storage, metadata = LocalModelStorage.from_model_archive(folder, trained_model)
    node = next(n for n in metadata.predict_schema.nodes.values() if n.uses is DutchUnderstanding)
    component = DutchUnderstanding.load(
        {**DutchUnderstanding.get_default_config(), **node.config}, storage, node.resource, None
    )
    return component._understanding
