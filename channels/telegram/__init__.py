"""Telegram, over its Bot API. `python -m channels.telegram` sets it up; docs/telegram.md says how."""

from channels.telegram.channel import TelegramChannel

__all__ = ["TelegramChannel"]
