"""All settings in one place: `winkel.yml` (the shop) and the environment or `.env` (this machine).

Both are checked completely when they are loaded, so that a mistake stops the start with the file, the line and the
key that is wrong, and never reaches a customer.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

from dotenv import dotenv_values
from pydantic import BaseModel, Extra, Field, ValidationError, validator
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

DAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
MAX_ANSWER = 500
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d"
_HOURS = re.compile(rf"{_TIME}-{_TIME}")
_SUBJECT_KEYS = (
    *("verzendkosten", "retour", "betalen", "levertijd", "buitenland", "bestelstatus"),
    *("beschadigd", "wijzigen", "korting", "afhalen", "privacy"),
)


class SettingsError(Exception):
    """A setting is missing or wrong. The message names file, line and key and can be shown as it is."""


class Product(BaseModel):
    """One product of the shop; `voorraad` is the shop's own wording ("op voorraad"), empty when it does not say."""

    naam: str = Field(min_length=1, max_length=100)
    voorraad: str = Field("", max_length=60)
    url: str = Field("", regex=r"^(https?://\S+)?$")

    class Config:
        extra = Extra.forbid


class Shop(BaseModel):
    """The content of `winkel.yml`. Empty means unknown; only `naam` and `eigenaren` are required."""

    naam: str = Field(min_length=1, max_length=80)
    eigenaren: str = Field(min_length=1, max_length=120)
    website: str = Field("", regex=r"^(https?://\S+)?$")
    email: str = Field("", regex=r"^([^@\s]+@[^@\s]+\.[^@\s]+)?$")
    telefoon: str = Field("", regex=r"^(\+?[\d\s()-]{8,20})?$")
    adres: str = Field("", max_length=200)
    contactpagina: str = Field("", regex=r"^(https?://\S+)?$")
    openingstijden: Dict[str, str] = {}
    feestdagen: List[str] = ["NL", "BE"]
    sluitingsdagen: List[str] = []
    antwoord_werkdagen: int = Field(1, ge=0, le=30)
    advies_email: List[str] = []
    overname_stilte_minuten: int = Field(15, ge=1, le=240)
    advies_bewaren_dagen: int = Field(90, ge=1, le=3_650)
    advies_bewaren_hoogstens: int = Field(365, ge=1, le=3_650)
    besteld_voor: str = Field("", regex=rf"^({_TIME})?$")
    gratis_verzending_vanaf: Optional[float] = Field(None, ge=0, le=10_000)
    reviews_url: str = Field("", regex=r"^(https?://\S+)?$")
    privacy_url: str = Field("", regex=r"^(https?://\S+)?$")
    verzendkosten: str = Field("", max_length=MAX_ANSWER)
    retour: str = Field("", max_length=MAX_ANSWER)
    betalen: str = Field("", max_length=MAX_ANSWER)
    levertijd: str = Field("", max_length=MAX_ANSWER)
    buitenland: str = Field("", max_length=MAX_ANSWER)
    bestelstatus: str = Field("", max_length=MAX_ANSWER)
    beschadigd: str = Field("", max_length=MAX_ANSWER)
    wijzigen: str = Field("", max_length=MAX_ANSWER)
    korting: str = Field("", max_length=MAX_ANSWER)
    afhalen: str = Field("", max_length=MAX_ANSWER)
    privacy: str = Field("", max_length=MAX_ANSWER)
    producten: List[Product] = []

    class Config:
        extra = Extra.forbid

    @validator("openingstijden")
    def _days_and_hours(cls, value: Dict[str, str]) -> Dict[str, str]:
        for day, hours in value.items():
            if day not in DAYS:
                raise ValueError(f"'{day}' is no day of the week ({', '.join(DAYS)})")
            opens, _, closes = hours.partition("-")
            if not _HOURS.fullmatch(hours) or opens >= closes:
                raise ValueError(f"'{day}: {hours}' should look like \"09:00-17:00\"")
        return value

    @validator("feestdagen", each_item=True)
    def _known_country(cls, value: str) -> str:
        if value not in ("NL", "BE"):
            raise ValueError(f"'{value}' should be NL or BE")
        return value

    @validator("sluitingsdagen", pre=True, each_item=True)
    def _day_or_period(cls, value: Any) -> str:
        text = value.isoformat() if isinstance(value, date) else str(value)
        first, _, last = text.partition("..")
        try:
            right = date.fromisoformat(first) <= date.fromisoformat(last or first)
        except ValueError:
            right = False
        if not right:
            raise ValueError(f"'{text}' should look like 2026-12-24 or 2026-12-24..2027-01-02")
        return text

    @validator("advies_email", each_item=True)
    def _address(cls, value: str) -> str:
        if not re.fullmatch(r"[^@\s,<>\"]+@[^@\s,<>\"]+\.[^@\s,<>\"]+", value):
            raise ValueError(f"'{value}' is no e-mail address")
        return value

    def placeholders(self) -> Dict[str, str]:
        """The text for every placeholder that an answer may use, as {name: text}; unknown ones are ''."""
        limit = self.gratis_verzending_vanaf
        texts = {key: getattr(self, key).strip() for key in _SUBJECT_KEYS}
        texts.update(
            naam=self.naam,
            eigenaren=self.eigenaren,
            website=self.website,
            email=self.email,
            telefoon=self.telefoon,
            adres=self.adres,
            contactpagina=self.contactpagina,
            openingstijden=", ".join(f"{d} {self.openingstijden[d]}" for d in DAYS if d in self.openingstijden),
            besteld_voor=self.besteld_voor,
            gratis_verzending_vanaf="" if limit is None else _euro(limit),
            reviews_url=self.reviews_url,
            privacy_url=self.privacy_url,
            producten="\n".join(_product_line(product) for product in self.producten),
        )
        return texts


@dataclass(frozen=True)
class Environment:
    """What differs per machine; every field is a variable of the environment or of `.env` (see `.env.example`)."""

    host: str = field(default="127.0.0.1", metadata={"env": "SCHAKEL_HOST"})
    port: int = field(default=5005, metadata={"env": "SCHAKEL_PORT"})
    actions_port: int = field(default=5055, metadata={"env": "SCHAKEL_ACTIONS_PORT"})
    shop_file: str = field(default="winkel.yml", metadata={"env": "SCHAKEL_SHOP_FILE"})
    conversations: str = field(default="var/conversations.db", repr=False, metadata={"env": "SCHAKEL_CONVERSATIONS"})
    answer_timeout: int = field(default=4, metadata={"env": "SCHAKEL_ANSWER_TIMEOUT"})
    secret: str = field(default="generated", repr=False, metadata={"env": "SCHAKEL_SECRET"})
    web_origins: str = field(default="self", metadata={"env": "SCHAKEL_WEB_ORIGINS"})
    web_database: str = field(default="sqlite:///var/web.db", repr=False, metadata={"env": "SCHAKEL_WEB_DATABASE"})
    web_days: int = field(default=30, metadata={"env": "SCHAKEL_WEB_DAYS"})
    web_per_minute: int = field(default=20, metadata={"env": "SCHAKEL_WEB_PER_MINUTE"})
    web_address_per_minute: int = field(default=120, metadata={"env": "SCHAKEL_WEB_ADDRESS_PER_MINUTE"})
    web_proxies: int = field(default=0, metadata={"env": "SCHAKEL_WEB_PROXIES"})
    redis: str = field(default="", repr=False, metadata={"env": "SCHAKEL_REDIS"})
    metrics_port: int = field(default=0, metadata={"env": "SCHAKEL_METRICS_PORT"})
    metrics_host: str = field(default="127.0.0.1", metadata={"env": "SCHAKEL_METRICS_HOST"})
    log_level: str = field(default="INFO", metadata={"env": "SCHAKEL_LOG_LEVEL"})
    desk_host: str = field(default="127.0.0.1", metadata={"env": "SCHAKEL_DESK_HOST"})
    desk_port: int = field(default=5006, metadata={"env": "SCHAKEL_DESK_PORT"})
    desk_database: str = field(default="sqlite:///var/desk.db", repr=False, metadata={"env": "SCHAKEL_DESK_DATABASE"})
    smtp_host: str = field(default="", metadata={"env": "SCHAKEL_SMTP_HOST"})
    smtp_port: int = field(default=587, metadata={"env": "SCHAKEL_SMTP_PORT"})
    smtp_tls: str = field(default="starttls", metadata={"env": "SCHAKEL_SMTP_TLS"})
    smtp_user: str = field(default="", metadata={"env": "SCHAKEL_SMTP_USER"})
    smtp_password: str = field(default="", repr=False, metadata={"env": "SCHAKEL_SMTP_PASSWORD"})
    smtp_from: str = field(default="", metadata={"env": "SCHAKEL_SMTP_FROM"})
    public_address: str = field(default="", metadata={"env": "SCHAKEL_PUBLIC_ADDRESS"})
    channels_database: str = field(
        default="sqlite:///var/channels.db", repr=False, metadata={"env": "SCHAKEL_CHANNELS_DATABASE"}
    )
    channels_days: int = field(default=30, metadata={"env": "SCHAKEL_CHANNELS_DAYS"})
    channels_per_minute: int = field(default=20, metadata={"env": "SCHAKEL_CHANNELS_PER_MINUTE"})
    telegram_token: str = field(default="", repr=False, metadata={"env": "SCHAKEL_TELEGRAM_TOKEN"})
    telegram_secret: str = field(default="generated", repr=False, metadata={"env": "SCHAKEL_TELEGRAM_SECRET"})
    telegram_api: str = field(default="https://api.telegram.org", metadata={"env": "SCHAKEL_TELEGRAM_API"})
    telegram_updates: str = field(default="poll", metadata={"env": "SCHAKEL_TELEGRAM_UPDATES"})
    whatsapp_token: str = field(default="", repr=False, metadata={"env": "SCHAKEL_WHATSAPP_TOKEN"})
    whatsapp_number_id: str = field(default="", metadata={"env": "SCHAKEL_WHATSAPP_NUMBER_ID"})
    whatsapp_app_secret: str = field(default="", repr=False, metadata={"env": "SCHAKEL_WHATSAPP_APP_SECRET"})
    whatsapp_verify_token: str = field(default="", repr=False, metadata={"env": "SCHAKEL_WHATSAPP_VERIFY_TOKEN"})
    whatsapp_template: str = field(default="", metadata={"env": "SCHAKEL_WHATSAPP_TEMPLATE"})
    whatsapp_template_language: str = field(default="nl", metadata={"env": "SCHAKEL_WHATSAPP_TEMPLATE_LANGUAGE"})
    whatsapp_version: str = field(default="v25.0", metadata={"env": "SCHAKEL_WHATSAPP_VERSION"})
    whatsapp_api: str = field(default="https://graph.facebook.com", metadata={"env": "SCHAKEL_WHATSAPP_API"})
    twilio_account: str = field(default="", metadata={"env": "SCHAKEL_TWILIO_ACCOUNT"})
    twilio_token: str = field(default="", repr=False, metadata={"env": "SCHAKEL_TWILIO_TOKEN"})
    twilio_number: str = field(default="", metadata={"env": "SCHAKEL_TWILIO_NUMBER"})
    twilio_template: str = field(default="", metadata={"env": "SCHAKEL_TWILIO_TEMPLATE"})
    twilio_api: str = field(default="https://api.twilio.com", metadata={"env": "SCHAKEL_TWILIO_API"})

    @property
    def outside(self) -> str:
        """Where customers reach the assistant, without a slash at the end; '' when the settings don't say."""
        return self.public_address.rstrip("/")


def environment_variables() -> Dict[str, str]:
    """Maps each variable's name to the name of its field in `Environment`."""
    return {f.metadata["env"]: name for name, f in Environment.__dataclass_fields__.items()}


@cache
def outside_address() -> str:
    """Where customers reach the assistant, '' when the settings don't say. Read once: a process keeps its settings."""
    return load_environment().outside


def load_environment(variables: Optional[Mapping[str, str]] = None, folder: Path = Path(".")) -> Environment:
    """Reads the environment over `.env` over the defaults.

    Args:
        variables: the environment; `os.environ` when left out.
        folder: where `.env` stands.

    Raises:
        SettingsError: a variable of ours is unknown, empty, no whole number or out of range.
    """
    given = dict(os.environ if variables is None else variables)
    from_file = {key: value or "" for key, value in dotenv_values(folder / ".env").items()}
    known = environment_variables()
    for name in list(from_file) + list(given):
        if name.startswith("SCHAKEL_") and name not in known:
            raise SettingsError(f"{name} is no setting of Schakel. Known are: {', '.join(sorted(known))}.")
    values: Dict[str, Any] = {}
    for name, attribute in known.items():
        text = given.get(name, from_file.get(name))
        if text is None:
            continue
        if not text.strip() and Environment.__dataclass_fields__[attribute].default != "":
            raise SettingsError(f"{name} is empty. Give it a value or remove the line from .env.")
        values[attribute] = _whole_number(name, text) if attribute in _RANGES else text.strip()
        if attribute in _CHOICES and values[attribute] not in _CHOICES[attribute]:
            raise SettingsError(f"{name}={text.strip()} should be one of {', '.join(_CHOICES[attribute])}.")
        if attribute in _ADDRESSES and not _ADDRESS.fullmatch(values[attribute]):
            raise SettingsError(f"{name} should be an address such as https://chat.mijnwinkel.nl, without a path.")
    return Environment(**values)


_RANGES = {
    "port": (1, 65535),
    "actions_port": (1, 65535),
    "answer_timeout": (1, 50),
    "web_days": (1, 365),
    "web_per_minute": (1, 100_000),
    "web_address_per_minute": (1, 100_000),
    "web_proxies": (0, 5),
    "metrics_port": (0, 65535),
    "desk_port": (1, 65535),
    "smtp_port": (1, 65535),
    "channels_days": (1, 365),
    "channels_per_minute": (1, 100_000),
}
_CHOICES = {
    "smtp_tls": ("starttls", "tls", "none"),
    "log_level": ("INFO", "WARNING", "ERROR"),  # DEBUG is none: Rasa then logs what customers type
    "telegram_updates": ("poll", "webhook"),
}
_ADDRESSES = ("public_address", "telegram_api", "whatsapp_api", "twilio_api")
_ADDRESS = re.compile(r"(https?://[^\s/?#@]+/?)?")


def _whole_number(name: str, text: str) -> int:
    low, high = _RANGES[environment_variables()[name]]
    if not re.fullmatch(r"\d{1,6}", text.strip()) or not low <= int(text) <= high:
        raise SettingsError(f"{name}={text} should be a whole number from {low} to {high}.")
    return int(text)


def load_shop(path: Path) -> Shop:
    """Reads and checks the shop's settings.

    Raises:
        SettingsError: the file is missing, is no YAML, or has a wrong or unknown key; says file, line and key.
    """
    yaml = YAML(typ="rt")
    try:
        document = yaml.load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path} is missing. It holds the shop's settings; copy it from the repository.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not saved as UTF-8 text.") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SettingsError(f"{path}, line {line}: this is no valid YAML ({error.problem}).") from None
    if not isinstance(document, dict):
        raise SettingsError(f'{path}, line 1: a list of settings is expected, such as  naam: "Mijn winkel".')
    try:
        shop: Shop = Shop.parse_obj(_plain(document))
        return shop
    except ValidationError as error:
        problems = [_problem(path, document, item) for item in error.errors()]
        raise SettingsError("\n".join(problems)) from None


def _plain(value: Any) -> Any:
    """ruamel's containers as built-in ones; null as absent, so that an emptied line means 'unknown'."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _problem(path: Path, document: Any, item: Mapping[str, Any]) -> str:
    node: Any = document  # ruamel containers, whose attribute lc mypy does not know
    line = 1
    for key in item["loc"]:
        try:
            marks = node.lc  # ruamel keeps the position of every key
            position = marks.key(key) if isinstance(node, dict) else marks.item(key)
            line, node = position[0] + 1, node[key]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
    name = ".".join(str(part) for part in item["loc"])
    message = "this setting is not known" if item["type"] == "value_error.extra" else item["msg"]
    return f"{path}, line {line}, {name}: {message}."


def _euro(amount: float) -> str:
    return f"€ {amount:.0f}" if amount == int(amount) else f"€ {amount:.2f}".replace(".", ",")


def _product_line(product: Product) -> str:
    stock = f" ({product.voorraad})" if product.voorraad else ""
    return f"{product.naam}{stock}" + (f", {product.url}" if product.url else "")
