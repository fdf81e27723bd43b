"""Delivers the outbox's mail. Several workers may run at once, in one process or in many."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from typing import Callable, Dict, List, Optional

from sqlalchemy.exc import InterfaceError, OperationalError

from desk import mail, outbox
from desk.database import Database, DeskUnavailable
from desk.models import DONE, MAIL, OutboxRow
from shop.settings import Environment, Shop

logger = logging.getLogger(__name__)

POLL = 2.0  # seconds between looks into the outbox
# What there can be trouble with.
_DATABASE, _SETTINGS, _SERVER, _OWNERS = "database", "settings", "mail server", "owners' addresses"
_MISTAKE = "making of a mail"
_UNCONFIGURED_WAIT = 60.0  # seconds until a missing address is looked for again


def utc_now() -> dt.datetime:
    """The moment, aware."""
    return dt.datetime.now(dt.timezone.utc)


class Worker:
    """Takes one mail at a time and delivers it."""

    def __init__(
        self,
        database: Database,
        environment: Environment,
        shop: Callable[[], Shop],
        clock: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        """Args:
        database: the desk's.
        environment: names the mail server.
        shop: gives the current settings.
        clock: gives the moment.
        """
        self._database, self._environment, self._shop, self._clock = database, environment, shop, clock
        self._accepted: List[outbox.Item] = []
        self._server_failures = 0
        self._pause_until: Optional[dt.datetime] = None
        self._problems: Dict[str, str] = {}

    @property
    def problem(self) -> str:
        """Why something is not delivered at the moment; '' when all is well."""
        return "; ".join(self._problems.values())

    def run(self, stop: threading.Event) -> None:
        """Works until told to stop; no trouble ends it."""
        while not stop.is_set():
            try:
                while not stop.is_set() and self.deliver_one():
                    pass
            except DeskUnavailable as error:
                self._trouble(_DATABASE, str(error))
            except (OperationalError, InterfaceError):  # broken off in the middle of something
                self._trouble(_DATABASE, "the desk's database does not answer")
            except Exception as error:  # a mistake of ours must not stop the mails after it
                # Without its text: that could hold what a customer wrote.
                self._trouble(_MISTAKE, f"a mail could not be made ({type(error).__name__})")
            stop.wait(POLL)

    def deliver_one(self) -> bool:
        """Delivers the next mail that is due, or plans its next try.

        Returns:
            Whether there was one, so that there may be more.

        Raises:
            DeskUnavailable: the database does not answer; nothing is lost by that.
        """
        now = self._clock()
        self._mark_accepted()
        if self._pause_until is not None and now < self._pause_until:
            return False
        shop = self._shop()
        try:
            settings = mail.smtp_settings(self._environment, shop)
        except mail.NotConfigured as error:
            self._trouble(_SETTINGS, f"mail waits: {error}")
            return False
        self._fine(_SETTINGS)
        items = outbox.claim(self._database, MAIL, now)
        self._fine(_DATABASE)
        if not items:
            return False
        item = items[0]
        if item.payload.get("template") in mail.TO_OWNERS and "to" not in item.payload:
            return self._one_for_each_owner(item, shop)
        self._deliver(item, shop, settings)
        return self._pause_until is None

    def _deliver(self, item: outbox.Item, shop: Shop, settings: mail.SmtpSettings) -> None:
        try:
            with self._database.reading() as session:
                message = mail.compose(session, item, shop, settings.sender)
        except DeskUnavailable:
            raise
        except Exception as error:
            outbox.failed(self._database, item, f"could not be made: {type(error).__name__}", self._clock())
            raise
        if message is None:  # erased meanwhile, or nobody to send it to
            outbox.done(self._database, item, self._clock())
            return
        if item.in_doubt:
            logger.warning("Mail %d may have arrived before; it goes again with the same Message-ID.", item.id)
        try:
            sent = mail.send(settings, message, lambda: outbox.hand_over(self._database, item, self._clock()))
        except mail.NotSent as error:
            self._not_sent(item, error)
            return
        if sent:
            self._accepted.append(item)
            self._mark_accepted()
            logger.info("Mail %d (%s) was delivered.", item.id, item.payload["template"])
        self._fine(_MISTAKE)
        self._server_is_up()

    def _mark_accepted(self) -> None:
        """Until the database could note it, this process remembers what the server took."""
        while self._accepted:
            outbox.done(self._database, self._accepted[0], self._clock())
            self._accepted.pop(0)

    def _not_sent(self, item: outbox.Item, error: mail.NotSent) -> None:
        now = self._clock()
        state = outbox.failed(
            self._database,
            item,
            str(error),
            now,
            permanent=error.permanent,
            accepted_nothing=not error.maybe_accepted,
        )
        logger.warning("Mail %d was not delivered: %s (now %s).", item.id, error, state or "gone")
        if error.unreachable:
            self._server_failures += 1
            seconds = min(outbox.delay(self._server_failures), 300.0)
            self._pause_until = now + dt.timedelta(seconds=seconds)
            self._trouble(_SERVER, f"the mail server does not take mail ({error})")
        else:
            self._server_is_up()

    def _one_for_each_owner(self, item: outbox.Item, shop: Shop) -> bool:
        """One row for each address, so that each is tried again by itself.

        Made late, so that an address that was missing helps when it is filled in.
        """
        addresses = mail.owners(shop)
        now = self._clock()
        if not addresses:
            self._trouble(_OWNERS, "mail waits: there is no address for the owners in winkel.yml")
            outbox.failed(
                self._database, item, "no address for the owners", now, counts=False, retry_after=_UNCONFIGURED_WAIT
            )
            return True
        self._fine(_OWNERS)
        with self._database.session() as session:
            row = session.get(OutboxRow, item.id)
            if row is None or row.lease != item.lease:
                return True
            for address in addresses:
                outbox.add(
                    session,
                    MAIL,
                    f"{row.dedupe} {address}",
                    {**item.payload, "to": address},
                    now=now,
                    case_id=item.case_id,
                    conversation=item.conversation,
                    domain=item.message_id.strip("<>").rsplit("@", 1)[-1],
                )
            row.state, row.done_at, row.lease, row.lease_until = DONE, now, None, None
        return True

    def _trouble(self, about: str, problem: str) -> None:
        if self._problems.get(about) != problem:
            logger.error("%s", problem[:1].upper() + problem[1:])
        self._problems[about] = problem

    def _fine(self, about: str) -> None:
        if self._problems.pop(about, ""):
            logger.info("Over: trouble with the %s.", about)

    def _server_is_up(self) -> None:
        self._server_failures, self._pause_until = 0, None
        self._fine(_SERVER)
