"""Telegram, over its Bot API. `python -m channels.telegram` sets it up; docs/telegram.md says how."""
