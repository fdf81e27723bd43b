"""The other databases that know a conversation: Rasa's tracker store and the channels' own logs.

Used by the command line. The running assistant erases through its own objects, which also forget what they keep in
memory (`channels/erase.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Tuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from shop.settings import Environment

# A row belongs to the conversation whose id stands in one of these columns.
_COLUMNS = ("sender_id", "conversation", "conversation_id", "session")
_OWN_ID = ("web_sessions",)  # tables whose key `id` is the conversation itself
# Of these a row stays, without anything of the customer: it knows the digest of a delivery that may come again.
_EMPTIED = {"channel_incoming": {"conversation": "", "body": "", "state": "done", "sequence": 0}}


def addresses(environment: Environment) -> List[str]:
    """The databases of this machine, without the desk's own; SQLite files that don't exist are left out."""
    conversations = environment.conversations
    tracker = conversations if "://" in conversations else f"sqlite:///{conversations}"
    return _existing(environment, [tracker, *_logs(environment)])


def _logs(environment: Environment) -> List[str]:
    return [environment.web_database, environment.channels_database]


def _existing(environment: Environment, found: List[str]) -> List[str]:
    return [address for address in dict.fromkeys(found) if address != environment.desk_database and _exists(address)]


def export(environment: Environment, conversations: Iterable[str]) -> Dict[str, List[Dict[str, Any]]]:
    """Every row of these conversations, as {table: [rows]}."""
    told: Dict[str, List[Dict[str, Any]]] = {}
    for connection, table, where in _tables(addresses(environment), list(conversations)):
        rows = [dict(row._mapping) for row in connection.execute(sa.select(table).where(where))]
        if rows:
            told.setdefault(table.name, []).extend(rows)
    return told


def erase(environment: Environment, conversations: Iterable[str]) -> Dict[str, int]:
    """Deletes every row of these conversations; returns {table: rows deleted} where there were any."""
    return _erase(addresses(environment), list(conversations))


def erase_logs(environment: Environment, conversations: Iterable[str]) -> Dict[str, int]:
    """As `erase`, without Rasa's tracker store: for the running assistant, which erases from that through its agent."""
    return _erase(_existing(environment, _logs(environment)), list(conversations))


def _erase(where_from: List[str], conversations: List[str]) -> Dict[str, int]:
    counts: Dict[str, int] = {}
    for connection, table, where in _tables(where_from, conversations):
        emptied = _EMPTIED.get(table.name)
        change = sa.update(table).values(**emptied) if emptied else sa.delete(table)
        number = connection.execute(change.where(where)).rowcount
        if number:
            counts[table.name] = counts.get(table.name, 0) + number
    return counts


def _tables(where_from: List[str], conversations: List[str]) -> Iterator[Tuple[Connection, Any, Any]]:
    for address in where_from:
        engine = sa.create_engine(address, future=True, hide_parameters=True)
        is_sqlite = engine.dialect.name == "sqlite"
        try:
            with engine.begin() as connection:
                if is_sqlite:
                    connection.exec_driver_sql("PRAGMA secure_delete=ON")
                metadata = sa.MetaData()
                metadata.reflect(connection)
                for table in reversed(metadata.sorted_tables):
                    names = ("id",) if table.name in _OWN_ID else _COLUMNS
                    keys = [table.c[name] for name in names if name in table.c]
                    if keys and conversations:
                        yield connection, table, sa.or_(*(key.in_(conversations) for key in keys))
            if is_sqlite:
                with engine.connect() as connection:
                    connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            engine.dispose()


def _exists(address: str) -> bool:
    url = sa.engine.make_url(address)
    return url.get_backend_name() != "sqlite" or bool(url.database and Path(url.database).exists())
