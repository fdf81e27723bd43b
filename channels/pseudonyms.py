"""Names for customers in logs: the same customer has the same one, and nobody can tell who it is without the key."""

from __future__ import annotations

import hashlib
import hmac


class Pseudonyms:
    """Keyed hashes of conversations' ids."""

    def __init__(self, secret: str) -> None:
        """Args: secret: any; what is made of it for logs can't be used for anything else."""
        self._key = hmac.new(secret.encode(), b"schakel pseudonyms", hashlib.sha256).digest()

    def of(self, conversation: str) -> str:
        """The name of `telegram-1234` in logs, such as `telegram-~3f2a9c01d4b7`."""
        channel = conversation.partition("-")[0]
        return f"{channel}-~{hmac.new(self._key, conversation.encode(), hashlib.sha256).hexdigest()[:12]}"
