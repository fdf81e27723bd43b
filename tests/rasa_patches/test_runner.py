"""The planned runner gives what Rasa's runner gives, in failure too."""

from __future__ import annotations

from typing import Any, Dict

import pytest
from rasa.engine.exceptions import GraphComponentException
from rasa.engine.graph import ExecutionContext, GraphComponent, GraphSchema, SchemaNode
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.shared.exceptions import RasaException

from rasa_patches.runner import PlannedGraphRunner


class Adds(GraphComponent):
    """Adds two numbers, and fails as it is told."""

    @classmethod
    def create(cls, config: Dict[str, Any], *_: Any, **__: Any) -> Adds:
        return cls()

    def run(self, left: int, right: int) -> int:
        if left == 13:
            raise ValueError("unlucky")
        if left == 14:
            raise RasaException("of Rasa's own")
        return left + right


class Counts:
    """A hook, such as those of a training."""

    def __init__(self) -> None:
        self.calls = 0

    def on_before_node(self, **_: Any) -> Dict[str, Any]:
        self.calls += 1
        return {}

    def on_after_node(self, **_: Any) -> None:
        self.calls += 1


def node(**needs: str) -> SchemaNode:
    return SchemaNode(needs=needs, uses=Adds, constructor_name="create", fn="run", config={}, eager=True)


SCHEMA = GraphSchema({"sum": node(left="a", right="b"), "double": node(left="sum", right="sum")})


@pytest.fixture(params=[PlannedGraphRunner, DaskGraphRunner])
def make(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    def build(*hooks: Any) -> Any:
        storage = LocalModelStorage(tmp_path_factory.mktemp("model"))
        return request.param(SCHEMA, storage, ExecutionContext(SCHEMA), list(hooks))

    return build


def test_each_target_gets_its_output(make: Any) -> None:
    runner = make()
    for a in (1, 5):
        assert runner.run({"a": a, "b": 2}, ["double"]) == {"double": 2 * a + 4}
        assert runner.run({"a": a, "b": 2}, ["sum", "double"]) == {"sum": a + 2, "double": 2 * a + 4}


def test_a_component_that_fails_is_named(make: Any) -> None:
    with pytest.raises(GraphComponentException, match="node sum") as caught:
        make().run({"a": 13, "b": 2}, ["double"])
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(RasaException, match="of Rasa's own"):
        make().run({"a": 14, "b": 2}, ["double"])


def test_hooks_are_called_before_and_after_each_node(make: Any) -> None:
    hook = Counts()
    assert make(hook).run({"a": 1, "b": 2}, ["double"]) == {"double": 6}
    assert hook.calls == 4
