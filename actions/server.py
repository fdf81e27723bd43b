"""Starts the action server: loopback only, and errors tell the caller nothing about the conversation.

rasa_sdk's own start listens on every address without a password and answers an error with the whole request, tracker
included.
"""

from __future__ import annotations

import logging

from rasa_sdk.endpoint import create_app
from sanic import Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

from monitoring import logs, request_id
from rasa_patches import collector
from shop.settings import load_environment

logger = logging.getLogger(__name__)
HOST = "127.0.0.1"


def make_app() -> Sanic:
    """The action server with all actions of the package `actions`."""
    app = create_app("actions", cors_origins=[])
    app.error_handler.cached_handlers.clear()

    @app.middleware("request")
    async def take_over_the_id(request: Request) -> None:
        request_id.begin(request.headers.get(request_id.HEADER, ""))

    async def failed(request: Request, exception: Exception) -> HTTPResponse:
        logger.error("An action failed.", exc_info=exception)
        return response.json({"error": "action failed"}, status=500)

    app.error_handler.add(Exception, failed)
    return app


def main() -> None:
    """Runs until it is told to stop."""
    collector.pause()
    environment = load_environment()
    logs.configure(environment.log_level)
    app = make_app()
    collector.go_on()
    app.run(HOST, environment.actions_port, access_log=False, motd=False)


if __name__ == "__main__":
    main()
