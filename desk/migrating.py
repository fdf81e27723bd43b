"""Brings the desk's tables up to date with alembic, which is imported only when there is something to do."""

from __future__ import annotations

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

logger = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def newest() -> str:
    """The version that the last migration makes."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def upgrade(connection: Connection) -> None:
    """Runs the migrations that a database lacks, in the transaction of its connection."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    logger.info("The desk's database was brought to version %s.", newest())
