"""The settings of WhatsApp, checked: a mistake switches this channel off with one clear line, and no other."""

from __future__ import annotations

import re
from typing import List

from channels.provider import problems_of
from shop.settings import Environment

_NEEDED = {
    "whatsapp_token": (re.compile(r"[\x21-\x7e]{4,1000}"), "the access token, without blanks"),
    "whatsapp_number_id": (re.compile(r"[0-9]{5,20}"), "the id of the phone number: 5 to 20 digits"),
    "whatsapp_app_secret": (re.compile(r"[\x21-\x7e]{16,128}"), "the app's secret, 32 characters as a rule"),
    "whatsapp_verify_token": (re.compile(r"[\x21-\x7e]{8,200}"), "a word of your own of 8 characters or more"),
}
_OTHERS = {
    "whatsapp_version": (re.compile(r"v[0-9]{2}\.[0-9]"), "such as v25.0"),
    "whatsapp_template": (re.compile(r"([a-z0-9_]{1,512})?"), "a template's name: a-z, 0-9 and _"),
    "whatsapp_template_language": (re.compile(r"[a-z]{2,3}(_[A-Z]{2})?"), "such as nl or nl_NL"),
    "whatsapp_api": (re.compile(r"https?://[^\s/?#@]+/?"), "an address such as https://graph.facebook.com"),
}


def is_wanted(environment: Environment) -> bool:
    """Whether the shop began to set WhatsApp up."""
    return any(getattr(environment, name) for name in _NEEDED)


def problems(environment: Environment) -> List[str]:
    """What is missing or wrong, one line each without the values; [] when the channel can run."""
    return problems_of(environment, _NEEDED, _OTHERS)
