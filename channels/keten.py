"""The nutrient chain on the web: pages at `/keten`, pictures at `/keten/plaat/<name>.svg` and `.png`.

Only names made from the data are answered, so nothing that a visitor types becomes a path on disk.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Awaitable, Callable, Dict, Tuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from chain.album import LIGHT, NIGHT, Album, load_album
from chain.gallery import WHOLE
from chain.model import Chain, load_chain
from chain.page import pages
from chain.picture import layout

ROOT = "/keten"
TEMPLATES = Path("channels/templates")
_KINDS = {"svg": "image/svg+xml", "png": "image/png"}
_SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_PAGE_HEADERS = {
    **_SAFE,
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-cache",
}
_PICTURE_HEADERS = {
    **_SAFE,
    # A picture carries its own styles and nothing else; the shop's pages on another address may show it.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "public, max-age=3600",
}


def render(chain: Chain, templates: Path = TEMPLATES) -> Tuple[Dict[str, str], str]:
    """All pages by name as HTML, and the style sheet."""
    environment = Environment(
        loader=FileSystemLoader(str(templates)), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    template = environment.get_template("keten.html")
    height = layout(chain).height
    made = {
        name: template.render(**vars(page), picture=name, height=height, words=chain.pagina, root=ROOT)
        for name, page in pages(chain).items()
    }
    themes = {
        name: " ".join(f"--{key}: {value};" for key, value in chain.beeld.kleuren[theme].dict().items())
        for name, theme in (("light", LIGHT), ("night", NIGHT))
    }
    return made, environment.get_template("keten.css").render(**themes)


@dataclass(frozen=True)
class Site:
    """Ready-made pages by name as HTML, their style sheet, and the pictures."""

    html: Dict[str, str]
    style: str
    album: Album


@cache
def load_site() -> Site:
    """The product's own, made once per process: a third of a second. Raises `ChainError`."""
    html, style = render(load_chain())
    return Site(html, style, load_album())


async def _site() -> Site:
    """Made for the first visitor, aside: a start does not wait for it, and neither do other visitors' messages."""
    return await asyncio.get_running_loop().run_in_executor(None, load_site)


class ChainPages(InputChannel):
    """Static pages and pictures; takes no messages."""

    @classmethod
    def name(cls) -> str:
        """Name in the list of channels."""
        return "keten"

    def url_prefix(self) -> str:
        """An address of its own, outside /webhooks."""
        return ROOT

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The routes; pages and pictures are made on first use."""
        return make_routes()


def make_routes() -> Blueprint:
    """Routes for ready-made pages and an album of pictures."""
    routes = Blueprint("schakel_keten")

    @routes.get("/", name="whole")
    async def whole(_: Request) -> HTTPResponse:
        return response.html((await _site()).html[WHOLE], headers=_PAGE_HEADERS)

    @routes.get("/stijl.css", name="style")
    async def stylesheet(_: Request) -> HTTPResponse:
        return response.text((await _site()).style, content_type="text/css; charset=utf-8", headers=_PAGE_HEADERS)

    @routes.get("/<name:str>", name="page")
    async def page(_: Request, name: str) -> HTTPResponse:
        content = (await _site()).html.get(name or WHOLE)  # "/keten/" is the page "/keten"
        if content is None:
            return response.empty(404, headers=_SAFE)
        return response.html(content, headers=_PAGE_HEADERS)

    @routes.get("/plaat/<name:str>", name="picture")
    async def picture(request: Request, name: str) -> HTTPResponse:
        album = (await _site()).album
        if name not in album.entries:
            return response.empty(404, headers=_SAFE)
        content = album.at_hand(name)
        if content is None:
            # Drawing takes up to seconds; other visitors' messages must not wait for it.
            content = await asyncio.get_running_loop().run_in_executor(None, album.content, name)
        tag = f'"{hashlib.sha256(f"{album.state}/{name}".encode()).hexdigest()[:24]}"'
        headers = {**_PICTURE_HEADERS, "ETag": tag}
        if request.headers.get("if-none-match") == tag:
            return response.empty(304, headers=headers)
        kind = _KINDS[album.entries[name].file_format]
        return response.raw(content, content_type=kind, headers=headers)

    return routes
