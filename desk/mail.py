"""Mail: made from a case and the templates in `desk/texts/mail.yml`, handed over to an SMTP server."""

from __future__ import annotations

import datetime as dt
import logging
import re
import smtplib
import socket
import ssl
import threading
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import HeaderParser
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import sqlalchemy as sa
from jinja2 import StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment
from ruamel.yaml import YAML
from sqlalchemy.orm import Session

from desk import opening
from desk.cases import clean
from desk.contact import normal_email
from desk.models import EMAIL, Answer, Case, HumanRequest, OutboxRow, StaffAccount
from desk.outbox import Item
from desk.takeover import HUMAN_WANTED
from shop.settings import Environment, Shop

logger = logging.getLogger(__name__)

TEMPLATES = Path(__file__).parent / "texts" / "mail.yml"
OWNERS, RECEIVED, ANSWER = "owners", "received", "answer"
TO_OWNERS = (OWNERS, HUMAN_WANTED)
STEP_TIMEOUT = 20.0  # seconds for one step of the dialogue with the server
TOTAL_TIMEOUT = 90.0  # for one mail, shorter than the lease of the outbox
NO_TLS = "none"  # of SCHAKEL_SMTP_TLS
_MAX_HEADER = 200
_CODE = re.compile(r"^\d\.\d{1,3}\.\d{1,3}")


class NotConfigured(Exception):
    """Mail can't be sent with these settings; the message says which one is missing."""


class NotSent(Exception):
    """The server did not take the mail.

    Attributes:
        permanent: it never will.
        maybe_accepted: the line broke after everything was handed over; it may have been taken all the same.
        unreachable: the server itself is the problem, so other mails needn't be tried now.
    """

    def __init__(
        self, reason: str, *, permanent: bool = False, maybe_accepted: bool = False, unreachable: bool = False
    ) -> None:
        """`reason` holds the codes of the server and never its text, which may quote an address."""
        super().__init__(reason)
        self.permanent, self.maybe_accepted, self.unreachable = permanent, maybe_accepted, unreachable


@dataclass(frozen=True)
class SmtpSettings:
    """How to reach the mail server; `tls` is "starttls", "tls" or "none"; without user no login."""

    host: str
    port: int
    tls: str
    user: str
    password: str = field(repr=False)
    sender: str


def smtp_settings(environment: Environment, shop: Shop) -> SmtpSettings:
    """The settings of this machine. Raises `NotConfigured`."""
    if not environment.smtp_host:
        raise NotConfigured("SCHAKEL_SMTP_HOST is not set.")
    sender = normal_email(environment.smtp_from or shop.email)
    if sender is None:
        raise NotConfigured("There is no sender: set email in winkel.yml or SCHAKEL_SMTP_FROM.")
    return SmtpSettings(
        environment.smtp_host,
        environment.smtp_port,
        environment.smtp_tls,
        environment.smtp_user,
        environment.smtp_password,
        sender,
    )


def owners(shop: Shop) -> List[str]:
    """The addresses that hear of a new request; empty when the shop has none."""
    addresses = map(normal_email, shop.advies_email or [shop.email])
    return list(dict.fromkeys(address for address in addresses if address))


def compose(session: Session, item: Item, shop: Shop, sender: str) -> Optional[EmailMessage]:
    """The mail for an outbox row, the same at every attempt as long as the case is.

    Returns:
        None when there is nobody to send it to (any more): the case was erased, or has no address.
    """
    template = str(item.payload["template"])
    if template == HUMAN_WANTED:
        return _human_wanted(session, item, shop, sender)
    case = session.get(Case, item.case_id) if item.case_id is not None else None
    if case is None:
        return None
    values: Dict[str, Any] = {
        "shop": shop,
        "case": case,
        "promise": opening.promise_in_words(case.due_at),
        "moment": _moment,
    }
    message = _new(item, shop, sender, "no" if template == ANSWER else "auto-generated")
    if template == OWNERS:
        message["To"] = _address(str(item.payload["to"]))
        if case.contact_kind == EMAIL:
            message["Reply-To"] = _address(case.contact, case.name)
    else:
        if case.contact_kind != EMAIL:
            return None
        message["To"] = _address(case.contact, case.name)
        if owners(shop):
            message["Reply-To"] = ", ".join(owners(shop))
    if template == ANSWER:
        answer = session.get(Answer, int(item.payload["answer"]))
        if answer is None:
            return None
        author = sa.select(StaffAccount.name).where(StaffAccount.username == answer.author)
        values.update(answer=answer.text, by=session.execute(author).scalar() or shop.eigenaren)
        first = sa.select(OutboxRow.message_id).where(OutboxRow.dedupe == f"{case.reference} {RECEIVED}")
        confirmation = session.execute(first).scalar()
        if confirmation:
            message["In-Reply-To"] = message["References"] = confirmation
    return _filled(message, template, values)


def _human_wanted(session: Session, item: Item, shop: Shop, sender: str) -> Optional[EmailMessage]:
    """Tells an owner that a customer waits in a chat, nothing of what was said; None when nobody waits any more."""
    asked = session.get(HumanRequest, int(item.payload["request"]))
    if asked is None or asked.ended_at is not None:
        return None
    message = _new(item, shop, sender, "auto-generated")
    message["To"] = _address(str(item.payload["to"]))
    return _filled(message, HUMAN_WANTED, {"shop": shop, "request": asked, "moment": _moment})


def _new(item: Item, shop: Shop, sender: str, automatic: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = item.message_id
    message["Date"] = format_datetime(item.created_at)
    message["From"] = _address(sender, shop.naam)
    message["Auto-Submitted"] = automatic
    return message


def _filled(message: EmailMessage, template: str, values: Dict[str, Any]) -> EmailMessage:
    subject, text = _templates()[template]
    message["Subject"] = _in_header(subject.render(values), _MAX_HEADER)
    message.set_content(text.render(values))
    _check_headers(message)
    return message


def _address(address: str, name: str = "") -> Address:
    return Address(display_name=_in_header(name, 100), addr_spec=address)


def _in_header(text: str, longest: int) -> str:
    """One line, in which "=?" begins no encoded word: the library would decode it, line breaks included."""
    return clean(text, longest).replace("=?", "= ?")


def _check_headers(message: EmailMessage) -> None:
    """What is sent has the headers that were set here and no others. Raises ValueError."""
    sent = HeaderParser(policy=SMTP).parsestr(message.as_bytes().decode("ascii", "replace"))
    if sorted(sent.keys()) != sorted(message.keys()):
        raise ValueError("The headers of a mail are not those that were set.")


def _moment(moment: dt.datetime, kind: str = "moment") -> str:
    words = opening.in_words(moment)
    return words.rsplit(" ", 1)[0] + f" {moment.astimezone(opening.ZONE).year}" if kind == "datum" else words


@lru_cache(maxsize=1)
def _templates() -> Dict[str, Any]:
    """{name: (subject, text)}. Plain text, so nothing is escaped: what a customer typed stays what it is."""
    jinja = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=False)
    found: Dict[str, Dict[str, str]] = YAML(typ="safe").load(TEMPLATES.read_text(encoding="utf-8"))

    def compiled(source: str) -> Template:
        return jinja.from_string(source)

    return {name: (compiled(parts["subject"]), compiled(parts["text"])) for name, parts in found.items()}


def send(settings: SmtpSettings, message: EmailMessage, about_to: Callable[[], bool]) -> bool:
    """Hands a mail over to the server.

    Args:
        settings: the server.
        message: the mail, with one recipient.
        about_to: called when the server agreed and only the mail itself is left to send; False stops here.

    Returns:
        False when `about_to` stopped it.

    Raises:
        NotSent: says whether trying again makes sense.
    """
    recipient = message["To"].addresses[0].addr_spec
    data = message.as_bytes()
    handed_over = False
    connection: List[smtplib.SMTP] = []
    # A server that answers a byte a second never runs into the timeout of a step.
    watchdog = threading.Timer(TOTAL_TIMEOUT, _hang_up, (connection,))
    watchdog.daemon = True
    watchdog.start()
    try:
        server = _connect(settings, connection)
        _expect(server.mail(settings.sender), "sender", may_be_permanent=False)
        _expect(server.rcpt(recipient), "recipient")
        if not about_to():
            return False
        handed_over = True
        _expect(server.data(data), "mail")
        return True
    except smtplib.SMTPDataError as error:  # the server refused the command DATA itself
        raise _refused("mail", error.smtp_code, error.smtp_error) from None
    except smtplib.SMTPResponseException as error:  # greeting, TLS, login: no fault of this mail
        raise NotSent(f"server answered {error.smtp_code}", unreachable=True) from None
    except (smtplib.SMTPException, OSError) as error:
        raise NotSent(type(error).__name__, maybe_accepted=handed_over, unreachable=True) from None
    finally:
        watchdog.cancel()
        _leave(connection)


class _Smtp(smtplib.SMTP):
    """Can be hung up by the watchdog from the first byte on: connecting already waits for the server's greeting."""

    def __init__(self, connection: List[smtplib.SMTP], *arguments: Any, **options: Any) -> None:
        connection.append(self)
        super().__init__(*arguments, **options)


class _SmtpOverTls(smtplib.SMTP_SSL):
    def __init__(self, connection: List[smtplib.SMTP], *arguments: Any, **options: Any) -> None:
        connection.append(self)
        super().__init__(*arguments, **options)


def _connect(settings: SmtpSettings, connection: List[smtplib.SMTP]) -> smtplib.SMTP:
    context = ssl.create_default_context() if settings.tls != NO_TLS else None
    where = (settings.host, settings.port)
    if settings.tls == "tls":
        server: smtplib.SMTP = _SmtpOverTls(connection, *where, timeout=STEP_TIMEOUT, context=context)
    else:
        server = _Smtp(connection, *where, timeout=STEP_TIMEOUT)
    server.ehlo_or_helo_if_needed()
    if settings.tls == "starttls":
        server.starttls(context=context)
        server.ehlo_or_helo_if_needed()
    if settings.user:
        server.login(settings.user, settings.password)
    return server


def _expect(reply: Any, what: str, may_be_permanent: bool = True) -> None:
    code, text = reply
    if not 200 <= code < 300:
        raise _refused(what, code, text, may_be_permanent)


def _refused(what: str, code: int, text: Any, may_be_permanent: bool = True) -> NotSent:
    """421 is the server that closes down; a refused sender is a setting to mend; 5xx is for good."""
    words = text.decode("ascii", "replace") if isinstance(text, bytes) else str(text)
    detail = _CODE.match(words)
    reason = f"{what} refused: {code}" + (f" {detail.group()}" if detail else "")
    return NotSent(reason, permanent=may_be_permanent and code >= 500, unreachable=code == 421)


def _hang_up(connection: List[smtplib.SMTP]) -> None:
    for server in connection:
        if server.sock is not None:
            try:
                server.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


def _leave(connection: List[smtplib.SMTP]) -> None:
    """Hangs up without waiting for a good-bye: the mail is marked as delivered first."""
    for server in connection:
        server.close()
