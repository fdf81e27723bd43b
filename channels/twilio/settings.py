"""The settings of Twilio, checked: a mistake switches this channel off with one clear line, and no other."""

from __future__ import annotations

import re
from typing import List

from channels.provider import problems_of
from shop.settings import Environment

PREFIX = "/webhooks/twilio"
WEBHOOK, STATUS = "/webhook", "/status"
_NEEDED = {
    "twilio_account": (re.compile(r"AC[0-9a-fA-F]{32}"), "the account's id: AC and 32 characters"),
    "twilio_token": (re.compile(r"[\x21-\x7e]{16,128}"), "the account's auth token"),
    "twilio_number": (re.compile(r"(whatsapp:)?\+[0-9]{5,20}"), "your number, such as whatsapp:+31201234567"),
    "public_address": (re.compile(r"https?://\S+"), "where Twilio calls the assistant; the signature is made over it"),
}
_OTHERS = {
    "twilio_template": (re.compile(r"(HX[0-9a-fA-F]{32})?"), "a content template's id: HX and 32 characters"),
    "twilio_api": (re.compile(r"https?://[^\s/?#@]+/?"), "an address such as https://api.twilio.com"),
}


def is_wanted(environment: Environment) -> bool:
    """Whether the shop began to set Twilio up."""
    return any(getattr(environment, name) for name in ("twilio_account", "twilio_token", "twilio_number"))


def problems(environment: Environment) -> List[str]:
    """What is missing or wrong, one line each without the values; [] when the channel can run."""
    return problems_of(environment, _NEEDED, _OTHERS)
