"""Serves the demo shop page at `/`, so that `make run` ends with something to look at and talk to."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Awaitable, Callable, Dict, Optional, Tuple

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

DEMO = Path("widget/demo")
_PAGES: Dict[str, Tuple[str, str]] = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/demo/demo.js": ("demo.js", "text/javascript; charset=utf-8"),
    "/demo/demo.css": ("demo.css", "text/css; charset=utf-8"),
    "/demo/icon.svg": ("icon.svg", "image/svg+xml"),
    "/demo/pot.svg": ("pot.svg", "image/svg+xml"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class DemoShop(InputChannel):
    """Static pages only; the page itself talks to the REST channel."""

    @classmethod
    def name(cls) -> str:
        """Name in the list of channels."""
        return "demo"

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """Reads the pages once and answers their paths before Rasa's own greeting at `/` does."""
        contents = {path: ((DEMO / name).read_bytes(), kind) for path, (name, kind) in _PAGES.items()}
        routes = Blueprint("schakel_demo")

        async def serve(request: Request) -> Optional[HTTPResponse]:
            if request.method not in ("GET", "HEAD") or request.path not in contents:
                return None
            body, kind = contents[request.path]
            return response.raw(body, content_type=kind, headers=_HEADERS)

        # Rasa has taken the route "/" already; a request middleware is the supported way to come first.
        @routes.listener("before_server_start")
        async def register(app: Sanic, _: Any) -> None:
            app.register_middleware(serve, "request")

        return routes
