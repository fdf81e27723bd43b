"""Runs the migrations over the connection that `desk.database` has open."""

from __future__ import annotations

from alembic import context

from desk.database import VERSION_TABLE
from desk.models import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, version_table=VERSION_TABLE)
context.run_migrations()
