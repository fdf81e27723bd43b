"""The shop's settings as they are now, for a process that runs for weeks."""

from __future__ import annotations

import logging
from pathlib import Path

from shop.settings import SettingsError, Shop, load_shop

logger = logging.getLogger(__name__)


class LiveShop:
    """Re-reads `winkel.yml` when it changes; a broken change is logged and the last good one kept."""

    def __init__(self, path: Path) -> None:
        """Reads the file. Raises `SettingsError` when it is wrong."""
        self._path = path
        self._stamp = self._modified()
        self._shop = load_shop(path)

    def __call__(self) -> Shop:
        """The current settings."""
        stamp = self._modified()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._shop = load_shop(self._path)
            except SettingsError as error:
                logger.error("Keeping the shop's last good settings. %s", error)
        return self._shop

    def _modified(self) -> float:
        try:
            return self._path.stat().st_mtime
        except OSError:
            return 0.0
