"""Logs as one JSON object a line, with the request id and without personal data.

Nothing logs what customers type; masking here is the second line of defence, for texts that libraries put into their
messages and exceptions.
"""

from __future__ import annotations

import json
import logging
import logging.config
import re
from datetime import datetime, timezone
from typing import Any, Dict

from monitoring import request_id

_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w.:/-])(?:\+|00)?\d(?:[\s().-]?\d){8,14}(?![\w:-])")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # which structlog puts into Rasa's messages
MASK = "***"
MAX_TRACE = 8_000


def without_contacts(text: str) -> str:
    """The text without e-mail addresses and telephone numbers."""
    return _PHONE.sub(MASK, _MAIL.sub(MASK, text))


class JsonFormatter(logging.Formatter):
    """{"time", "level", "logger", "request", "message", "error"}; `error` is the traceback, when there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        line: Dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "request": request_id.current(),
            "message": without_contacts(_COLOUR.sub("", record.getMessage())),
        }
        if record.exc_info:
            line["error"] = without_contacts(self.formatException(record.exc_info))[-MAX_TRACE:]
        return json.dumps(line, ensure_ascii=False)


def configuration(level: str = "INFO") -> Dict[str, Any]:
    """For `logging.config.dictConfig`, and as a file for Rasa's `--logging-config-file`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "monitoring.logs.JsonFormatter"}},
        "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
        "root": {"level": level, "handlers": ["out"]},
        "loggers": {
            name: {"level": "WARNING", "handlers": [], "propagate": True}
            for name in (
                "sanic.access",
                "asyncio",
                "matplotlib",
                "apscheduler",
                "sqlalchemy",
                "urllib3",
                "aiohttp.access",
            )
        },
    }


def configure(level: str = "INFO") -> None:
    """Logs like this from now on, in this process."""
    logging.config.dictConfig(configuration(level))
