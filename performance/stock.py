"""Stock Rasa on the same content, for comparison: its own pipeline, policies, store, channel and action calls.

Trained on a part of the examples with fewer epochs, for DIET takes minutes per epoch on all 23,000; what a message
costs afterwards does not depend on that. Its domain, rules, replies and custom actions are ours.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path
from typing import FrozenSet, List

from ruamel.yaml import YAML

from evaluation.commands import run_to_end
from performance.running import Running
from server.pair import process_environment
from shop.settings import Environment

# Little enough to be trained in minutes. What a message costs hardly depends on it (fewer features make stock Rasa
# faster, if anything); its time of training is flattered, fifty times by the epochs alone.
PER_LABEL = 10
EPOCHS = 2  # instead of 100
TRAIN_TIMEOUT = 3600  # seconds
# Not `-m rasa`, for which the environment's start-up file makes Rasa import less (`rasa_patches/console.py`).
RASA = (sys.executable, "-c", "from rasa.__main__ import main; main()")
LINKED = ("actions", "answering", "chain", "content", "nlu", "shop", "winkel.yml")

ENDPOINTS = """
action_endpoint: {{url: "http://127.0.0.1:{port}/webhook"}}
tracker_store: {{type: SQL, dialect: sqlite, db: conversations.db}}
"""


def make_project(folder: Path) -> Path:
    """A project of stock Rasa: config.diet.yml with fewer epochs, the first examples of each label, our rules.

    Args:
        folder: made for it.
    """
    folder.mkdir()
    yaml = YAML()
    yaml.width = 10_000
    for file in sorted(Path("data").rglob("*.yml")):
        content = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or not {"nlu", "rules", "responses"} & set(content):
            continue
        for block in content.get("nlu") or []:
            if "examples" in block:
                lines = [line for line in block["examples"].splitlines() if line.strip().startswith("- ")]
                block["examples"] = "\n".join(lines[:PER_LABEL]) + "\n"
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("w", encoding="utf-8") as stream:
            yaml.dump({key: content[key] for key in ("version", "nlu", "rules", "responses") if key in content}, stream)
    shutil.copy("domain.yml", folder)
    for name in LINKED:
        (folder / name).symlink_to(Path(name).resolve())
    config = Path("config.diet.yml").read_text(encoding="utf-8").replace("epochs: 100", f"epochs: {EPOCHS}")
    (folder / "config.yml").write_text(config, encoding="utf-8")
    (folder / "credentials.yml").write_text("rest:\n", encoding="utf-8")
    return folder


def train(project: Path) -> float:
    """Trains; gives the seconds that it took. Raises `Unavailable`."""
    start = time.perf_counter()
    command = [*RASA, "train", "--skip-validation", "--fixed-model-name", "stock"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SCHAKEL_")}
    run_to_end(command, "Training stock Rasa", TRAIN_TIMEOUT, cwd=project, environment=environment)
    return time.perf_counter() - start


def running(project: Path, port: int, actions_port: int, cores: FrozenSet[int]) -> Running:
    """Stock Rasa, ready to be started."""
    (project / "endpoints.yml").write_text(ENDPOINTS.format(port=actions_port), encoding="utf-8")
    rasa: List[str] = [*RASA, "run", "--model", "models/stock.tar.gz", "--port", str(port)]
    rasa += ["--interface", "127.0.0.1", "--endpoints", "endpoints.yml", "--credentials", "credentials.yml"]
    environment = process_environment(Environment(port=port, actions_port=actions_port))
    actions = [sys.executable, "-m", "actions.server"]
    return Running(rasa, actions, environment, port, project, cores, where=project)
