"""Whether a webhook call comes from Meta: its signature over the raw body, and the token of the first handshake."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Optional

_HEADER = re.compile(r"sha256=([0-9a-fA-F]{64})")
_CHALLENGE = re.compile(r"[0-9A-Za-z_-]{1,128}")


def is_signed(body: bytes, header: Optional[str], app_secret: str) -> bool:
    """Checks the X-Hub-Signature-256 header in constant time.

    Args:
        body: the request's bytes exactly as they came in; Meta escapes its JSON in its own way.
        header: the header's value, None when there is none.
        app_secret: the secret of the Meta app; an empty one signs nothing.
    """
    found = _HEADER.fullmatch(header or "")
    if not found or not app_secret:
        return False
    expected = hmac.new(app_secret.encode(), body, hashlib.sha256).digest()
    return hmac.compare_digest(bytes.fromhex(found[1]), expected)


def sign(body: bytes, app_secret: str) -> str:
    """The header that Meta sends with this body."""
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def challenge(mode: Optional[str], token: Optional[str], given: Optional[str], verify_token: str) -> Optional[str]:
    """The answer to Meta's GET when an address is registered.

    Returns:
        The challenge to send back; None when the call is to be refused.
    """
    matches = hmac.compare_digest((token or "").encode(), verify_token.encode()) and bool(verify_token)
    if mode != "subscribe" or not matches or not _CHALLENGE.fullmatch(given or ""):
        return None
    return given
