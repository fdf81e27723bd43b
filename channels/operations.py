"""`/health` (the process is alive) and `/ready` (it can answer), for proxies and whoever watches the assistant.

Also opens the private port with metrics, for this is what runs when the assistant starts.
"""

from __future__ import annotations

import asyncio
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, Awaitable, Callable, Dict, Mapping, Optional

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, Sanic, response
from sanic.exceptions import SanicException
from sanic.request import Request
from sanic.response import HTTPResponse

from channels.human import NobodyThere, human_side
from monitoring import logs, metrics, request_id
from shop.settings import Environment, load_environment

OK, DOWN = "ok", "down"
# Without these nothing can be answered. Without the others answers still go out, so the machine stays in use.
NEEDED = frozenset({"model", "conversations"})
CHECK_SECONDS = 1.5
KEPT_SECONDS = 1.0  # a result is given again this long, so that asking often costs nothing


@dataclass(frozen=True)
class State:
    """What works.

    Attributes:
        parts: "ok" or "down" per part.
        outboxes: (how many wait, seconds that the oldest waits) per outbox.
    """

    parts: Mapping[str, str]
    outboxes: Mapping[str, metrics.Waiting]

    @property
    def is_ready(self) -> bool:
        """Whether messages can be answered."""
        return all(self.parts[name] == OK for name in NEEDED)

    def as_dict(self) -> Dict[str, Any]:
        """As /ready tells it."""
        outboxes = {n: {"waiting": count, "oldest_seconds": round(age, 1)} for n, (count, age) in self.outboxes.items()}
        return {"ready": self.is_ready, "parts": dict(self.parts), "outboxes": outboxes}


def reach(address: str) -> bool:
    """Whether an address answers 200 within `CHECK_SECONDS`. Blocks."""
    try:
        with urllib.request.urlopen(address, timeout=CHECK_SECONDS) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def store_answers(store: Any) -> bool:
    """Whether the tracker store's database answers a query; a store without one always does. Blocks.

    Args:
        store: Rasa's, possibly within wrappers; None before there is one.
    """
    while hasattr(store, "_tracker_store"):
        store = store._tracker_store
    engine = getattr(store, "engine", None)
    if engine is None:
        return store is not None
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
    except Exception:  # whatever the database says, it does not work
        return False
    return True


class Watch:
    """Looks at the parts, at most once in `KEPT_SECONDS`."""

    def __init__(self, environment: Environment) -> None:
        """Args: environment: where the action server is."""
        self._actions = f"http://127.0.0.1:{environment.actions_port}/health"
        self._state: Optional[State] = None
        self._at = 0.0
        self._lock = asyncio.Lock()

    async def state(self, app: Sanic) -> State:
        """What works now."""
        async with self._lock:
            if self._state is None or time.monotonic() - self._at > KEPT_SECONDS:
                self._state = await self._look(getattr(app.ctx, "agent", None))
                self._at = time.monotonic()
            return self._state

    async def _look(self, agent: Any) -> State:
        is_loaded = agent is not None and agent.is_ready()
        store = getattr(agent, "tracker_store", None)
        conversations, actions, outboxes = await asyncio.gather(
            _aside(store_answers, store), _aside(reach, self._actions), _aside(metrics.OUTBOXES.state)
        )
        parts = {"model": is_loaded, "conversations": conversations is True, "actions": actions is True}
        return State({name: OK if works else DOWN for name, works in parts.items()}, outboxes or {})


async def _aside(function: Callable[..., Any], *arguments: Any) -> Any:
    """The result of blocking work, None when it takes more than a moment longer than a check may."""
    loop = asyncio.get_running_loop()
    try:
        return await asyncio.wait_for(loop.run_in_executor(None, function, *arguments), CHECK_SECONDS + 0.5)
    except asyncio.TimeoutError:
        return None


class Operations(InputChannel):
    """Takes no messages; named in credentials.yml."""

    @classmethod
    def name(cls) -> str:
        """Name in the list of channels."""
        return "operations"

    def url_prefix(self) -> str:
        """At the root, where such addresses are looked for."""
        return "/"

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The routes."""
        environment = load_environment()
        logs.configure(environment.log_level)  # Rasa has set up its own by now
        watch = Watch(environment)
        routes = Blueprint("schakel_operations")

        @routes.get("/health")
        async def health(_: Request) -> HTTPResponse:
            return response.json({"status": OK})

        @routes.get("/ready")
        async def ready(request: Request) -> HTTPResponse:
            state = await watch.state(request.app)
            return response.json(state.as_dict(), status=200 if state.is_ready else 503)

        @routes.listener("before_server_start")
        async def register(app: Sanic, _: Any) -> None:
            app.config.ACCESS_LOG = False  # would be made for every request and then dropped (monitoring/logs.py)
            app.register_middleware(prepare, "request")

        @routes.listener("after_server_start")
        async def open_metrics(app: Sanic, loop: Any) -> None:
            desk = human_side(environment)
            if not isinstance(desk, NobodyThere):
                metrics.OUTBOXES.add("desk", desk.backlog)
            metrics.serve(environment.metrics_port, environment.metrics_host)

        return routes


def prepare(request: Request) -> None:
    """Before anything else looks at a request.

    Rasa's CORS layer allows nobody anything and need not look at the reply. Sanic reads the Accept header to choose the
    form of an error page, and fails over one that is none. The id that a proxy gave the request is in all log lines
    about it and about the message that it brought.
    """
    request_id.arrive(request.headers.get(request_id.HEADER, ""))
    request.ctx._sanic_cors_e = "1"
    try:
        _ = request.accept
    except (SanicException, ValueError, IndexError):
        request.headers.popall("accept")
