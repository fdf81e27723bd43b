"""Fails when the code of Rasa that we change is another than the one we looked at."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import re

import pytest

from rasa_patches import copies


def source_of(module: str, name: str) -> str:
    """Out of the file itself, for the object in memory may be ours by now."""
    text = inspect.getsource(importlib.import_module(module))
    match = re.search(rf"^( *)(?:async )?(?:def|class) {re.escape(name.split('.')[-1])}\b", text, re.MULTILINE)
    assert match, f"{module} has no {name} any more"
    indent = len(match.group(1))
    lines = text[match.start() :].splitlines()
    inside = [
        not line.strip() or line.startswith(" " * (indent + 1)) or line.strip().startswith(")") for line in lines[1:]
    ]
    end = inside.index(False) + 1 if False in inside else len(lines)
    return "\n".join(lines[:end]).rstrip()


CHANGED = [
    ("rasa.core.processor", "_load_model", "runner.py", "32a24f761c27"),
    ("rasa.engine.runner.dask", "DaskGraphRunner", "runner.py", "baadaf6063fe"),
    ("rasa.core.processor", "handle_message", "processor.py", "5a34634928f3"),
    ("rasa.core.processor", "_update_tracker_session", "processor.py", "9322c160a60a"),
    ("rasa.core.processor", "is_action_limit_reached", "processor.py", "51c1e683d190"),
    ("rasa.core.processor", "_log_slots", "processor.py", "ef6cf4b8cd2b"),
    ("rasa.core.processor", "_check_for_unseen_features", "processor.py", "b7a62c31f7e7"),
    ("rasa.core.processor", "run_anonymization_pipeline", "processor.py", "8f34acda4e16"),
    ("rasa.core.actions.action", "RemoteAction", "remote_action.py", "6f065b8ecb10"),
    ("rasa.core.actions.action", "default_actions", "actions.py", "cd90a4ccde66"),
    ("rasa.core.actions.action", "ActionExtractSlots", "actions.py", "74789c1de291"),
    ("rasa.core.tracker_store", "FailSafeTrackerStore", "new_trackers.py", "0813a7d1b95e"),
    ("rasa.engine.graph", "GraphNode", "runner.py", "25d2fb060838"),
    ("rasa.shared.core.domain", "get_active_state", "../tracking/tracker.py", "71d637a1b0ce"),
    ("rasa.shared.core.domain", "_get_slots_sub_state", "../tracking/tracker.py", "3c144113e83a"),
    ("rasa.shared.core.domain", "_get_user_sub_state", "../tracking/tracker.py", "501fe19e14be"),
    ("rasa.shared.core.events", "resolve_by_type", "events.py", "909017346691"),
    ("rasa.engine.recipes.default_recipe", "_from_registry", "recipe.py", "0636fb047768"),
    ("rasa.graph_components.providers.domain_provider", "DomainProvider", "files.py", "1fed68072e5b"),
    ("rasa.shared.utils.common", "class_from_module_path", "recipe.py", "3651c5498b2d"),
    ("rasa.shared.utils.io", "read_validated_yaml", "files.py", "a52f8218df72"),
    ("rasa.shared.utils.validation", "validate_yaml_schema", "heavy.py", "a3d1a19b2239"),
    ("rasa.core.policies.rule_policy", "_get_possible_keys", "../policies/rules.py", "38ac454ec495"),
    ("rasa.core.policies.rule_policy", "_is_rule_applicable", "../policies/rules.py", "6bb76c5716bf"),
    ("rasa.core.policies.rule_policy", "_find_action_from_rules", "../policies/rules.py", "e1f07bb4965a"),
    ("rasa.shared.core.trackers", "DialogueStateTracker", "../tracking/tracker.py", "6e0c4b76ff1f"),
    ("rasa.shared.core.domain", "states_for_tracker_history", "../tracking/tracker.py", "704ae4e336e3"),
]


@pytest.mark.parametrize(("module", "name", "ours", "known"), CHANGED)
def test_the_original_is_the_one_that_was_changed(module: str, name: str, ours: str, known: str) -> None:
    found = hashlib.sha256(source_of(module, name).encode()).hexdigest()[:12]
    assert found == known, f"Rasa changed {name} in {module}: look at rasa_patches/{ours}"


@pytest.mark.parametrize("module", copies.MODULES)
def test_copy_serves_only_the_log_there(module: str) -> None:
    text = inspect.getsource(importlib.import_module(module))
    for use in re.finditer(r"copy\.\w+\(", text):
        call = text[: use.start()].rfind("structlogger.")
        assert use.group() == "copy.deepcopy("
        assert call >= 0
        assert text[call : use.start()].count("(") > text[call : use.start()].count(")"), "outside of a log line"
