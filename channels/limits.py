"""How often one visitor may ask, and from which pages: limits in memory, origins exact."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from typing import Callable, Deque, FrozenSet

from shop.settings import Environment, SettingsError

WINDOW = 60.0  # seconds
MAX_KEYS = 20_000


class RateLimit:
    """At most `most` events per key within `WINDOW` seconds; forgets the keys that were quiet longest."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Args: most: events per window. clock: seconds, for tests."""
        self._most = most
        self._clock = clock
        self._seen: "OrderedDict[str, Deque[float]]" = OrderedDict()

    def wait(self, key: str) -> float:
        """Counts one event.

        Returns:
            0.0 when it is within the limit; else the seconds until the next one is, and it is not counted.
        """
        now = self._clock()
        times = self._seen.setdefault(key, deque())
        self._seen.move_to_end(key)
        if len(self._seen) > MAX_KEYS:
            self._seen.popitem(last=False)
        while times and times[0] <= now - WINDOW:
            times.popleft()
        if len(times) >= self._most:
            return times[0] + WINDOW - now
        times.append(now)
        return 0.0


def allowed_origins(environment: Environment) -> FrozenSet[str]:
    """The origins that may use the web channel, as browsers send them.

    Raises:
        SettingsError: an entry is no origin (scheme, host and perhaps a port, without a path).
    """
    origins = set()
    for entry in filter(None, (part.strip() for part in environment.web_origins.split(","))):
        if entry == "self":
            origins |= {f"http://{host}:{environment.port}" for host in ("localhost", "127.0.0.1", environment.host)}
            continue
        scheme, separator, rest = entry.partition("://")
        if (
            scheme not in ("http", "https")
            or not separator
            or not rest
            or set(rest) & set("/*?#@ ")
            or rest != rest.lower()
        ):
            raise SettingsError(
                f"SCHAKEL_WEB_ORIGINS: '{entry}' is no origin. Write it as https://www.mijnwinkel.nl, in lower case "
                "and without a path."
            )
        origins.add(entry)
    return frozenset(origins)


def client_address(peer: str, forwarded: str, proxies: int) -> str:
    """The visitor's network address.

    Args:
        peer: the address that the connection comes from.
        forwarded: the X-Forwarded-For header, '' when there is none.
        proxies: how many proxies of our own appended to it; what stands further left can be made up by the visitor.
    """
    chain = [part.strip() for part in forwarded.split(",") if part.strip()] + [peer]
    return chain[max(0, len(chain) - 1 - proxies)][:64] if proxies else peer
