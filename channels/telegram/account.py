"""The bot of the settings: its token, and the secret by which Telegram's calls are known. Knows nothing of Rasa."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Optional

from channels.sessions import GENERATED, load_secret
from channels.telegram.updates import NAME
from shop.settings import Environment, SettingsError

PATH = f"/webhooks/{NAME}/webhook"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105
POLL, WEBHOOK = "poll", "webhook"
_TOKEN = re.compile(r"(\d{3,20}):[A-Za-z0-9_-]{20,100}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


@dataclass(frozen=True)
class Account:
    """The bot: its token, its number, and what Telegram proves itself with."""

    token: str
    bot: str
    secret: str


def load_account(environment: Environment) -> Optional[Account]:
    """The bot of the settings, None when there is none.

    Raises:
        SettingsError: the token or the secret can't be one.
    """
    if not environment.telegram_token:
        return None
    token = _TOKEN.fullmatch(environment.telegram_token)
    if token is None:
        raise SettingsError(
            "SCHAKEL_TELEGRAM_TOKEN is no bot token. It looks like 123456789:AAE…; @BotFather shows it "
            "(docs/telegram.md)."
        )
    secret = environment.telegram_secret
    if secret == GENERATED:
        key = load_secret(environment.secret).encode()
        secret = hmac.new(key, f"telegram webhook {token.group()}".encode(), hashlib.sha256).hexdigest()
    if not _SECRET.fullmatch(secret):
        raise SettingsError("SCHAKEL_TELEGRAM_SECRET may hold A-Z a-z 0-9 _ and - only, 256 characters at most.")
    return Account(token.group(), token.group(1), secret)
