"""What is counted and timed, in Prometheus' terms. No label ever holds what somebody typed or who it was.

Source of the names and units: Prometheus' own naming rules (base units, `_total`, `_seconds`).
"""

from __future__ import annotations

import logging
import time
from functools import cache
from typing import Callable, Dict, Iterable, List, Tuple

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

logger = logging.getLogger(__name__)

REGISTRY = CollectorRegistry()
FALLBACK, OUTSIDE = "nlu_fallback", "out_of_scope"
ANSWERED, CLARIFIED, NOT_OURS, HANDED_OVER, SAFETY, TALK = (
    *("answered", "clarified", "outside", "handed_over", "safety", "talk"),
)
HANDOFFS = frozenset({"request_advice", "request_human", "complain"})
_ANSWERS = frozenset({"faq", "follow_up_more", "follow_up_topic", "follow_up_aspect"})
_SECONDS = (0.001, 0.002, 0.004, 0.008, 0.015, 0.03, 0.06, 0.12, 0.25, 0.5, 1, 2, 5, 10, 20)
_SHARES = tuple(step / 10 for step in range(1, 11))

MESSAGES = Counter("schakel_messages", "Messages by channel.", ["channel"], registry=REGISTRY)
OUTCOMES = Counter("schakel_outcomes", "What messages were taken for.", ["outcome"], registry=REGISTRY)
FALLBACKS = Counter("schakel_fallbacks", "Messages that were not understood well enough.", registry=REGISTRY)
HANDED = Counter("schakel_handoffs", "Messages that asked for a human, by intent.", ["intent"], registry=REGISTRY)
ALARMS = Counter("schakel_safety", "Messages that triage stopped, by level.", ["level"], registry=REGISTRY)
ERRORS = Counter("schakel_errors", "Failures that were caught, by part.", ["part"], registry=REGISTRY)
CONFIDENCE = Histogram(
    "schakel_confidence", "Confidence of the intent that was chosen.", buckets=_SHARES, registry=REGISTRY
)
TURN = Histogram("schakel_turn_seconds", "A message until its reply.", ["channel"], buckets=_SECONDS, registry=REGISTRY)
PART = Histogram("schakel_part_seconds", "Time per part of a turn.", ["part"], buckets=_SECONDS, registry=REGISTRY)


def outcome_of(intent: str) -> str:
    """The kind of outcome that an intent stands for."""
    if intent in _ANSWERS:
        return ANSWERED
    if intent == FALLBACK:
        return CLARIFIED
    if intent == OUTSIDE:
        return NOT_OURS
    if intent in HANDOFFS:
        return HANDED_OVER
    return SAFETY if intent.startswith("safety_") else TALK


def understood(intent: str, confidence: float) -> None:
    """Counts what one message was taken for.

    Args:
        intent: the intent's name.
        confidence: between 0 and 1.
    """
    outcome = outcome_of(intent)
    OUTCOMES.labels(outcome).inc()
    CONFIDENCE.observe(confidence)
    if outcome == CLARIFIED:
        FALLBACKS.inc()
    elif outcome == HANDED_OVER:
        HANDED.labels(intent).inc()
    elif outcome == SAFETY:
        ALARMS.labels(intent[len("safety_") :]).inc()


@cache
def _part(name: str) -> Histogram:
    """The times of one part; looking it up among the labels costs as much as noting a time."""
    return PART.labels(name)


class timed:  # noqa: N801 (used like a function)
    """Times a part of a turn, also when it fails."""

    def __init__(self, part: str) -> None:
        """Takes the part's name."""
        self._part = _part(part)

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._part.observe(time.perf_counter() - self._start)


def failed(part: str) -> None:
    """Counts a failure that was caught."""
    ERRORS.labels(part).inc()


Waiting = Tuple[int, float]


class Outboxes(Collector):
    """How much waits to be sent, asked for when Prometheus or /ready asks.

    Each outbox is a function without arguments that gives (how many wait, seconds that the oldest waits).
    """

    def __init__(self) -> None:
        """Starts without any."""
        self._sources: Dict[str, Callable[[], Waiting]] = {}

    def add(self, name: str, source: Callable[[], Waiting]) -> None:
        """Adds an outbox, or puts another in the place of the one of that name."""
        self._sources[name] = source

    def remove(self, name: str, source: Callable[[], Waiting]) -> None:
        """Takes an outbox away, unless another stands in its place by now."""
        if self._sources.get(name) == source:
            del self._sources[name]

    def state(self) -> Dict[str, Waiting]:
        """All outboxes; one that can't be read is left out, counted as a failure and logged."""
        found = {}
        for name, source in list(self._sources.items()):
            try:
                found[name] = source()
            except Exception:  # a database that is away must not take the metrics with it
                failed("outbox")
                logger.warning("The outbox %s can't be read.", name)
        return found

    def collect(self) -> Iterable[Metric]:
        """Two gauges with a label for the outbox."""
        waiting = GaugeMetricFamily("schakel_outbox_waiting", "Messages that wait to be sent.", labels=["outbox"])
        oldest = GaugeMetricFamily("schakel_outbox_oldest_seconds", "How long the oldest waits.", labels=["outbox"])
        for name, (count, seconds) in self.state().items():
            waiting.add_metric([name], count)
            oldest.add_metric([name], seconds)
        families: List[Metric] = [waiting, oldest]
        return families

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering asks no outbox."""
        return []


OUTBOXES = Outboxes()
REGISTRY.register(OUTBOXES)


def serve(port: int, host: str = "127.0.0.1") -> bool:
    """Opens the private port with /metrics in a thread of its own.

    Returns:
        False when the port can't be used or is 0 (off): the assistant then runs without metrics.
    """
    if port == 0:
        return False
    try:
        start_http_server(port, addr=host, registry=REGISTRY)
    except OSError as error:
        logger.error("No metrics: port %s on %s can't be used (%s).", port, host, error.strerror)
        return False
    ProcessCollector(registry=REGISTRY)
    PlatformCollector(registry=REGISTRY)
    logger.info("Metrics on http://%s:%s/metrics.", host, port)
    return True
