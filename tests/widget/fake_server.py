"""The web channel and the widget's files on a real server, with an assistant whose answers tests can predict.

`python -m tests.widget.fake_server`: settings come from the environment, as for the real one.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict
from urllib.parse import urljoin

from rasa.core.channels.channel import UserMessage
from rasa.core.run import _create_app_without_api
from rasa.shared.core.domain import Domain as RasaDomain
from sanic import Sanic

from channels.keten import ChainPages
from channels.operations import Operations
from channels.pages import WidgetFiles
from channels.rest import RestChannel
from channels.telegram.channel import TelegramChannel
from channels.twilio.channel import TwilioChannel
from channels.web import WebChannel
from channels.whatsapp.channel import WhatsAppChannel
from shop.settings import Environment, load_environment
from tracking.store import ConversationStore

SPECIAL: Dict[str, Dict[str, Any]] = {
    "knoppen": {
        "text": "Kies maar.",
        "buttons": [
            {"title": "Wat doet B6?", "payload": "wat doet b6"},
            {"title": "Medewerker", "payload": "medewerker"},
        ],
    },
    "lijst": {"text": "Dit kan:\n- een\n- twee\n- drie\nEn zo:\n1. eerst\n2. dan"},
    "plaat": {
        "text": "Zo ziet het eruit.",
        "image": "/demo/pot.svg",
        "nacht": "/demo/icon.svg",
        "alt": "De keten van eiwit naar melatonine.",
    },
    "links": {
        "text": "Kijk op https://voorbeeld.nl/pad?x=1, bel 112 of 0800-0113, chat op 113.nl of mail hulp@voorbeeld.nl. "
        "Geen link: javascript:alert(1) data:text/html,x ftp://voorbeeld 350 mg 2026-11-22"
    },
    "overname": {"text": "Ik haal een medewerker.", "gesprek": "overname"},
    "einde": {"text": "Tot ziens.", "gesprek": "afgesloten"},
}


QUESTIONS = {
    "magnesium_wat_is": "Wat doet magnesium in je lichaam?",
    "serotonine_wat_is": "Wat is serotonine?",
    "serotonine_waar": "Waar wordt serotonine gemaakt?",
    "melatonine_wat_is": "Wat is melatonine?",
    "winkel_verzendkosten": "Wat zijn de verzendkosten?",
}


async def answer(message: UserMessage) -> None:
    """Answers with what the message names, else by repeating it."""
    text = message.text
    if text.startswith("poort "):  # answers when the test opens the gate, and tells it that it waits there
        gate = Path(load_environment().conversations).parent / text.split()[1]
        gate.with_suffix(".bereikt").touch()
        while not gate.exists():  # noqa: ASYNC110 (another process opens it)
            await asyncio.sleep(0.02)
    if text == "kapot":
        raise RuntimeError("as asked")
    if text == "stil":
        return
    if text.startswith("traag "):
        await asyncio.sleep(float(text.split()[1]))
    special = SPECIAL.get(text)
    await message.output_channel.send_response(message.sender_id, dict(special or {"text": f"Antwoord op: {text}"}))


def make_app(environment: Environment) -> Sanic:
    """The application as Rasa makes it, without a model."""
    app = _create_app_without_api(None)
    own = (WebChannel(), WidgetFiles(), RestChannel(), ChainPages(), Operations())
    for channel in (*own, TelegramChannel(), WhatsAppChannel(), TwilioChannel()):
        app.blueprint(channel.blueprint(answer), url_prefix=urljoin("/webhooks/", channel.url_prefix()))

    domain = SimpleNamespace(
        responses={f"utter_faq/{name}": [_entry(question)] for name, question in QUESTIONS.items()}
    )
    store = ConversationStore(RasaDomain.empty(), host=environment.conversations)
    app.ctx.agent = SimpleNamespace(domain=domain, tracker_store=store, is_ready=lambda: True)
    return app


def _entry(question: str) -> Dict[str, Any]:
    return {"text": "x", "metadata": {"vraag": question, "bron": "b", "gecontroleerd": "2026-11-22", "verwant": []}}


if __name__ == "__main__":
    environment = load_environment()
    make_app(environment).run(environment.host, environment.port, access_log=False, motd=False)
