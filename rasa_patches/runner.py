"""Runs the graph along a plan made once, instead of building a Dask graph for every run.

A `graph_runner_class` in Rasa's sense, with the original's ways for all that is out of the ordinary.
"""

from __future__ import annotations

import logging
from typing import Any, Dict, FrozenSet, List, Optional, Tuple

from rasa.engine.exceptions import GraphRunError
from rasa.engine.runner.dask import DaskGraphRunner

logger = logging.getLogger("rasa.engine.runner.dask")
Plan = List[Tuple[str, Any, Tuple[str, ...]]]


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
        outputs: Dict[str, Tuple[str, Any]] = {name: (name, value) for name, value in given.items()}
        try:
            for name, node, needs in plan:
                outputs[name] = node(*[outputs[need] for need in needs])
        except RuntimeError as error:
            raise GraphRunError("Error running runner.") from error
        return dict(outputs[target] for target in wanted)

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
            plan.append((name, self._instantiated_nodes[name], needs))
            done.add(name)
            return True

        return plan if all(visit(target) for target in targets) else None


def apply() -> None:
    """Makes Rasa run its models with it."""
    import rasa.core.processor

    rasa.core.processor.DaskGraphRunner = PlannedGraphRunner
