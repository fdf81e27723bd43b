"""The widget's files and the demo shop at `/`: static, compressed once, with a strict Content Security Policy."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Awaitable, Callable, Dict, Mapping, Optional

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

WIDGET = Path("widget")
LAUNCHER = "widget.js"
_PLACEHOLDER = b'"dev"'  # in widget.js: the version of the modules that belong to it
_KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}
_SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Vary": "Accept-Encoding"}
_DEMO_HEADERS = {
    **_SAFE,
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "Cache-Control": "no-cache",
}
# The widget's code is public and any shop may load it; who may talk to the channel is decided there.
_WIDGET_HEADERS = {**_SAFE, "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
_FOR_MINUTES = {**_WIDGET_HEADERS, "Cache-Control": "public, max-age=300"}
_FOR_EVER = {**_WIDGET_HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}


@dataclass(frozen=True)
class StaticFile:
    """A file ready to send: as it is, compressed, and the headers that go with it."""

    body: bytes
    compressed: bytes
    kind: str
    headers: Mapping[str, str]

    def respond(self, accepts_gzip: bool, known_tag: str) -> HTTPResponse:
        """The answer to a GET, empty when the client has this version already."""
        tag = f'"{hashlib.sha256(self.body).hexdigest()[:20]}"'
        headers = {**self.headers, "ETag": tag}
        if known_tag == tag:
            return response.empty(304, headers=headers)
        if accepts_gzip:
            return response.raw(
                self.compressed, content_type=self.kind, headers={**headers, "Content-Encoding": "gzip"}
            )
        return response.raw(self.body, content_type=self.kind, headers=headers)


def load_files(folder: Path = WIDGET) -> Dict[str, StaticFile]:
    """All files by their path on the server."""
    modules = {path.name: path.read_bytes() for path in sorted(folder.glob("*.js")) if path.name != LAUNCHER}
    version = hashlib.sha256(b"".join(modules.values())).hexdigest()[:12]
    launcher = (folder / LAUNCHER).read_bytes()
    if launcher.count(_PLACEHOLDER) != 1:
        raise ValueError(f"{folder / LAUNCHER} should hold {_PLACEHOLDER.decode()} once, where its version belongs.")
    files = {f"/{LAUNCHER}": _file(launcher.replace(_PLACEHOLDER, f'"{version}"'.encode()), ".js", _FOR_MINUTES)}
    for name, body in modules.items():
        files[f"/widget/{version}/{name}"] = _file(body, ".js", _FOR_EVER)
    for path in sorted((folder / "demo").iterdir()):
        address = "/" if path.name == "index.html" else f"/demo/{path.name}"
        files[address] = _file(path.read_bytes(), path.suffix, _DEMO_HEADERS)
    return files


def _file(body: bytes, suffix: str, headers: Mapping[str, str]) -> StaticFile:
    return StaticFile(body, gzip.compress(body, mtime=0), f"{_KINDS[suffix]}; charset=utf-8", headers)


class WidgetFiles(InputChannel):
    """Serves files only; takes no messages."""

    @classmethod
    def name(cls) -> str:
        """Name in the list of channels."""
        return "pages"

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """Reads the files once and answers their paths before Rasa's own greeting at `/` does."""
        files = load_files()
        routes = Blueprint("schakel_pages")

        async def serve(request: Request) -> Optional[HTTPResponse]:
            if request.method not in ("GET", "HEAD") or request.path not in files:
                return None
            request.ctx._sanic_cors_e = "1"  # Rasa's CORS layer has nothing to add
            accepts_gzip = "gzip" in request.headers.get("accept-encoding", "")
            return files[request.path].respond(accepts_gzip, request.headers.get("if-none-match", ""))

        # Rasa has taken the route "/" already; a request middleware is the supported way to come first.
        @routes.listener("before_server_start")
        async def register(app: Sanic, _: Any) -> None:
            app.register_middleware(serve, "request")

        return routes
