"""Runs the graph along a plan made once, instead of building a Dask graph for every run.

A `graph_runner_class` in Rasa's sense, with the original's ways for all that is out of the ordinary.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Dict, FrozenSet, List, Optional, Tuple

from rasa.engine.exceptions import GraphComponentException, GraphRunError
from rasa.engine.graph import GraphNode
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.exceptions import RasaException

logger = logging.getLogger("rasa.engine.runner.dask")


@dataclass(frozen=True)
class _Step:
    """A node of the graph that is loaded already and that nobody watches: its function, and where its inputs are."""

    node: GraphNode
    inputs: Tuple[Tuple[str, str], ...]

    def run(self, outputs: Dict[str, Any]) -> Any:
        """What the node gives, from the outputs of others by their names; failures as those of `GraphNode`."""
        node = self.node
        try:
            return node._fn(node._component, **{name: outputs[source] for name, source in self.inputs})
        except RasaException:
            raise
        except Exception as error:
            raise GraphComponentException(f"Error running graph component for node {node._node_name}.") from error


@dataclass(frozen=True)
class _Watched:
    """Any other node, which is called as Rasa calls it."""

    node: GraphNode
    needs: Tuple[str, ...]

    def run(self, outputs: Dict[str, Any]) -> Any:
        """What the node gives."""
        return self.node(*[(need, outputs[need]) for need in self.needs])[1]


Plan = List[Tuple[str, Any]]


class PlannedGraphRunner(DaskGraphRunner):
    """Keeps one plan per set of targets and inputs."""

    def run(self, inputs: Optional[Dict[str, Any]] = None, targets: Optional[List[str]] = None) -> Dict[str, Any]:
        """Runs the nodes that the targets need, each once, in order.

        Args:
            inputs: values of the graph's placeholders by name.
            targets: the nodes whose output is wanted; those of the schema when left out.
        """
        given = inputs or {}
        wanted = targets or self._graph_schema.target_names
        plans = self.__dict__.setdefault("_plans", {})
        key = (tuple(wanted), frozenset(given))
        if key not in plans:
            plans[key] = self._plan(list(wanted), frozenset(given))
        plan: Optional[Plan] = plans[key]
        clash = any(isinstance(value, str) and value in self._instantiated_nodes for value in given.values())
        if plan is None or clash or logger.isEnabledFor(logging.DEBUG):
            found: Dict[str, Any] = super().run(inputs, targets)
            return found
        outputs: Dict[str, Any] = dict(given)
        try:
            for name, step in plan:
                outputs[name] = step.run(outputs)
        except RuntimeError as error:
            raise GraphRunError("Error running runner.") from error
        return {target: outputs[target] for target in wanted}

    def _plan(self, targets: List[str], inputs: FrozenSet[str]) -> Optional[Plan]:
        """The nodes in an order in which each finds what it needs; None when something is missing."""
        plan: Plan = []
        done = set(inputs)

        def visit(name: str) -> bool:
            if name in done:
                return True
            if name not in self._graph_schema.nodes:
                return False
            needs = tuple(self._graph_schema.nodes[name].needs.values())
            if not all(visit(need) for need in needs):
                return False
            node = self._instantiated_nodes[name]
            is_plain = type(node) is GraphNode and node._eager and not node._hooks
            plan.append((name, _Step(node, tuple(node._inputs.items())) if is_plain else _Watched(node, needs)))
            done.add(name)
            return True

        return plan if all(visit(target) for target in targets) else None


def apply() -> None:
    """Makes Rasa run its models with it."""
    import rasa.core.processor

    rasa.core.processor.DaskGraphRunner = PlannedGraphRunner
