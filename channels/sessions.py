"""Who a web visitor is: a session id made by the server, carried in a token that only the server can sign."""

from __future__ import annotations

import logging
import os
import secrets
import time
from pathlib import Path
from typing import Optional

import jwt

from shop.settings import SettingsError

logger = logging.getLogger(__name__)

GENERATED = "generated"
KEY_FILE = Path("var/secret.key")
MIN_SECRET = 32
MAX_TOKEN = 1_000
PREFIX = "web-"  # of the sender id in Rasa's tracker, so that ids of other channels can't be claimed here
_AUDIENCE = "schakel-web"
_ALGORITHM = "HS256"


class NoSession(Exception):
    """The token is missing, forged, expired or was issued for something else."""


def load_secret(setting: str, key_file: Path = KEY_FILE) -> str:
    """The secret that signs tokens.

    Args:
        setting: the value of SCHAKEL_SECRET; `generated` takes the one in `key_file` and makes it when there is none.
        key_file: readable by its owner only.

    Raises:
        SettingsError: the secret is too short to be one.
    """
    if setting == GENERATED:
        return _generated(key_file)
    if len(setting) < MIN_SECRET:
        raise SettingsError(f"SCHAKEL_SECRET has {len(setting)} characters; {MIN_SECRET} is the least.")
    return setting


def _generated(key_file: Path) -> str:
    key_file.parent.mkdir(parents=True, exist_ok=True)
    try:
        # O_EXCL: of two processes that start together one makes the key and the other reads it.
        descriptor = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        secret = key_file.read_text(encoding="ascii").strip()
        if len(secret) < MIN_SECRET:
            raise SettingsError(f"{key_file} holds no usable secret. Delete it, then a new one is made.") from None
        return secret
    secret = secrets.token_urlsafe(48)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret)
    logger.warning("There is no %s yet: made one.", key_file)
    return secret


def new_session_id() -> str:
    """A session id that can't be guessed (192 random bits)."""
    return PREFIX + secrets.token_urlsafe(24)


class Tokens:
    """Issues and reads session tokens (JSON Web Tokens, HS256)."""

    def __init__(self, secret: str, days: int) -> None:
        """Args: secret: the signing key. days: how long a token is valid after it was issued."""
        self._secret = secret
        self._seconds = days * 86_400

    def issue(self, session: str, now: Optional[float] = None) -> str:
        """A token for this session, valid from `now` (seconds since 1970; the clock's when left out)."""
        issued = int(time.time() if now is None else now)
        claims = {"sub": session, "aud": _AUDIENCE, "iat": issued, "exp": issued + self._seconds}
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def read(self, header: Optional[str]) -> str:
        """The session id out of an `Authorization: Bearer ...` header.

        Raises:
            NoSession: there is no valid token in it.
        """
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not 0 < len(token) <= MAX_TOKEN:
            raise NoSession("no bearer token")
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                # A clock that was put back must not end everybody's chat.
                options={"verify_iat": False, "require": ["sub", "aud", "iat", "exp"]},
            )
        except jwt.InvalidTokenError as error:
            raise NoSession(str(error)) from None
        session = claims["sub"]
        if not isinstance(session, str) or not session.startswith(PREFIX):
            raise NoSession("a token of another channel")
        return session
