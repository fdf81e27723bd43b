"""The chat apps' channels on a real server, with an assistant whose answers tests can predict.

`python -m tests.channels.light_server`: settings come from the environment, as for the real one.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict

from rasa.core.channels.channel import UserMessage
from sanic import Sanic

from channels import service
from tests.processes import ServerProcess, clean_environment
from tests.services import free_port

BUTTONS = [{"title": "Wat doet B6?", "payload": "wat doet b6"}, {"title": "Medewerker", "payload": "medewerker"}]
SPECIAL: Dict[str, Dict[str, Any]] = {
    "knoppen": {"text": "Kies maar.", "buttons": BUTTONS},
    "plaat": {
        "text": "Zo ziet het eruit.",
        "image": "/keten/plaat/keten.png",
        "alt": "De keten van eiwit naar melatonine.",
        "buttons": BUTTONS,
    },
    "lang": {"text": "\n\n".join(f"Alinea {number}: " + "woord & <teken> 😀 " * 40 for number in range(20))},
}


async def answer(message: UserMessage) -> None:
    """Answers with what the message names, else by repeating it."""
    text = message.text
    if text == "kapot":
        raise RuntimeError("as asked")
    if text == "stil":
        return
    if text == "sterf":
        os._exit(9)
    if text.startswith("traag "):
        await asyncio.sleep(float(text.split()[1]))
    special = SPECIAL.get(text)
    await message.output_channel.send_response(message.sender_id, dict(special or {"text": f"Antwoord op: {text}"}))


def make_app() -> Sanic:
    """The application as Rasa makes it, without a model, with the channels that credentials.yml switches on."""
    from rasa.core.run import _create_app_without_api
    from rasa.shared.core.domain import Domain

    from channels.telegram.channel import TelegramChannel
    from channels.twilio.channel import TwilioChannel
    from channels.whatsapp.channel import WhatsAppChannel
    from shop.settings import load_environment
    from tracking.store import ConversationStore

    app = _create_app_without_api(None)
    for channel in (TelegramChannel(), WhatsAppChannel(), TwilioChannel()):
        app.blueprint(channel.blueprint(answer), url_prefix=f"/webhooks/{channel.url_prefix()}")
    store = ConversationStore(Domain.empty(), host=load_environment().conversations)
    app.ctx.agent = SimpleNamespace(tracker_store=store)
    return app


class LightServer(ServerProcess):
    """`make_app` in a process of its own that can be killed and started again."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.port = free_port()
        variables = clean_environment(
            SCHAKEL_PORT=str(self.port),
            SCHAKEL_CHANNELS_DATABASE=f"sqlite:///{folder / 'channels.db'}",
            SCHAKEL_CONVERSATIONS=str(folder / "conversations.db"),
            SCHAKEL_CHANNELS_PER_MINUTE="100000",
            **settings,
        )
        address = f"http://127.0.0.1:{self.port}"
        super().__init__(["tests.channels.light_server"], address, variables, folder / "server.log")


if __name__ == "__main__":
    service.STORE_SECONDS = 60.0  # a machine that is busy with other tests is no database that is gone
    make_app().run("127.0.0.1", int(os.environ["SCHAKEL_PORT"]), access_log=False, motd=False)
