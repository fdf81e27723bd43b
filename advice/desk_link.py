"""The action server's way to the desk's database: opened once, opened again after it could not be."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Optional

from desk.database import Database, open_database
from desk.live_shop import LiveShop
from shop.settings import Shop, load_environment

_lock = threading.Lock()
_database: Optional[Database] = None
_shop: Optional[LiveShop] = None


def database() -> Database:
    """The desk's database. Raises `desk.database.DeskUnavailable`."""
    global _database
    with _lock:
        if _database is None:
            _database = open_database(load_environment().desk_database)
        return _database


def shop() -> Shop:
    """The shop's settings as they are now."""
    global _shop
    with _lock:
        if _shop is None:
            _shop = LiveShop(Path(load_environment().shop_file))
        return _shop()


def forget() -> None:
    """Closes the database and forgets the settings, so that other ones count from now on."""
    global _database, _shop
    with _lock:
        if _database is not None:
            _database.close()
        _database, _shop = None, None
