"""Telegram as the service sees it: how a message, a picture and its buttons go out."""

from __future__ import annotations

import asyncio
import html
from typing import Any, Callable, Dict, List

from chain.album import Album, load_album
from channels.base import ChannelLimits, Connector, Image, Incoming, Outgoing, utf16_units
from channels.telegram.client import UPLOAD_TIMEOUT, ApiError, BotApi
from channels.telegram.updates import NAME, load_commands

# sendMessage: 4096 characters after entities were read; sendPhoto: 1024 for the caption; a keyboard has 100 buttons.
LIMITS = ChannelLimits(text=4_096, caption=1_024, buttons=100, button_title=200, measure=utf16_units)


class TelegramConnector(Connector):
    """Delivers through the Bot API."""

    name = NAME
    limits = LIMITS
    is_consecutive = True
    # An update carries no time of its own: one that somebody kept and plays again is told by its number only.
    keep_ids = 366 * 86_400.0

    def __init__(self, api: BotApi, album: Callable[[], Album] = load_album) -> None:
        """Args: api: the client. album: gives the pictures; called with the first one."""
        self.api = api
        self._album = album
        self._uploaded: Dict[str, str] = {}  # pictures that Telegram has already, by the album's state and name

    async def send(self, conversation: str, recipient: str, message: Outgoing) -> str:
        """See `Connector.send`."""
        values: Dict[str, Any] = {"chat_id": int(recipient), "parse_mode": "HTML"}
        if message.choices:
            values["reply_markup"] = {"inline_keyboard": keyboard(message)}
        if message.image is not None:
            result = await self._send_picture(message.image, {**values, "caption": escaped(message.text)})
        else:
            values.update(text=escaped(message.text), link_preview_options={"is_disabled": True})
            result = await self.api.call("sendMessage", values)
        return str(result.get("message_id", "")) if isinstance(result, dict) else ""

    async def _send_picture(self, image: Image, values: Dict[str, Any]) -> Any:
        name = image.file_name
        key = f"{self._album().state}/{name}"
        ways: List[str] = []
        if key in self._uploaded:
            ways.append(self._uploaded[key])
        elif image.url.startswith("https://"):
            ways.append(image.url)
        for photo in ways:
            try:
                return self._keep(key, await self.api.call("sendPhoto", {**values, "photo": photo}))
            except ApiError as error:
                if error.code != 400:
                    raise
                self._uploaded.pop(key, None)  # Telegram can't fetch it, or forgot it: it is uploaded then
        try:
            # Drawing takes up to seconds; other customers' messages must not wait for it.
            content = await asyncio.get_running_loop().run_in_executor(None, self._album().content, name)
        except KeyError:  # no picture of ours: its description says what it shows
            if not values["caption"]:
                raise ApiError("sendPhoto", 400) from None
            text = {**values, "text": values["caption"]}
            del text["caption"]
            return await self.api.call("sendMessage", text)
        return self._keep(key, await self.api.call("sendPhoto", {**values, "photo": content}, UPLOAD_TIMEOUT))

    def _keep(self, key: str, result: Any) -> Any:
        """Remembers Telegram's id of a picture, so that it travels once."""
        sizes = result.get("photo") if isinstance(result, dict) else None
        if isinstance(sizes, list) and sizes and isinstance(sizes[-1], dict) and sizes[-1].get("file_id"):
            self._uploaded[key] = str(sizes[-1]["file_id"])
        return result

    async def received(self, message: Incoming, is_known_press: bool) -> None:
        """Ends the waiting mark on a pressed button."""
        if "callback" in message.extra:
            await self.api.call("answerCallbackQuery", {"callback_query_id": message.extra["callback"]})

    async def working(self, message: Incoming) -> None:
        """Shows that an answer is being written; Telegram takes it away after five seconds."""
        await self.api.call("sendChatAction", {"chat_id": int(message.recipient), "action": "typing"})

    async def started(self) -> None:
        """Fills the bot's menu, which fails at once with a wrong token."""
        menu = [{"command": name, "description": command.explanation} for name, command in load_commands().items()]
        await self.api.call("setMyCommands", {"commands": menu})

    async def stopped(self) -> None:
        """Closes the connections."""
        await self.api.close()


def escaped(text: str) -> str:
    """Plain text for Telegram's HTML mode."""
    return html.escape(text, quote=False)


def keyboard(message: Outgoing) -> List[List[Dict[str, str]]]:
    """One button a row: titles are questions, and Telegram cuts off what does not fit beside another."""
    return [[{"text": choice.title, "callback_data": choice.token}] for choice in message.choices]
