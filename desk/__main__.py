"""`python -m desk serve|list|show|assign|answer|close|export|erase|purge|retry|staff-add|staff-block`, for owners."""

from __future__ import annotations

import argparse
import getpass
import json
import logging
import sys
import textwrap
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Sequence

from desk import accounts, cases, outbox, privacy, stores
from desk.database import Database, DeskUnavailable, open_database
from desk.models import STATUSES
from desk.opening import ZONE
from desk.worker import utc_now
from server.checks import CannotStart
from shop.settings import Environment, SettingsError, Shop, load_environment, load_shop

_EXPECTED = (
    CannotStart,
    SettingsError,
    DeskUnavailable,
    cases.NoSuchCase,
    cases.NotPossible,
    accounts.AccountError,
)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Parses the command and runs it; every expected failure ends as one clear message and exit code 1."""
    parsed = _parser().parse_args(arguments)
    try:
        environment = load_environment()
        if parsed.command == "serve":
            return _serve(environment)
        shop = load_shop(Path(environment.shop_file))
        database = _open(environment)
        try:
            command: Callable[[Database, Environment, Shop, Any], int] = parsed.run
            return command(database, environment, shop, parsed)
        finally:
            database.close()
    except cases.InvalidRequest as error:
        print(f"The {error}.", file=sys.stderr)
    except _EXPECTED as error:
        print(error, file=sys.stderr)
    except BrokenPipeError:  # such as `... | head`
        sys.stderr.close()
    return 1


def _open(environment: Environment) -> Database:
    try:
        return open_database(environment.desk_database)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _serve(environment: Environment) -> int:
    from desk.server import serve

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        serve(environment)
    except ValueError as error:
        raise SettingsError(str(error)) from None
    return 0


def _list(database: Database, environment: Environment, shop: Shop, given: Any) -> int:
    statuses = STATUSES if given.all else (given.status,) if given.status else STATUSES[:-1]
    found = cases.list_cases(
        database,
        statuses=statuses,
        owner=given.owner,
        overdue_at=utc_now() if given.overdue else None,
        search=given.search,
        limit=given.limit,
    )
    for case in found:
        marks = " URGENT" if case.urgent else ""
        due = f"{case.due_at.astimezone(ZONE):%Y-%m-%d %H:%M}" if case.due_at else "-"
        print(f"{case.reference}  {case.status:9} due {due:16}  {case.owner or '-':12}  {_line(case.subject)}{marks}")
    if not found:
        print("No cases.")
    return 0


def _show(database: Database, environment: Environment, shop: Shop, given: Any) -> int:
    case = cases.get_case(database, given.reference)
    rows: Dict[str, Any] = {
        "Case": case.reference + (" URGENT" if case.urgent else ""),
        "Status": case.status + (f" ({case.close_reason})" if case.close_reason else ""),
        "Owner": case.owner,
        "Opened": _moment(case.created_at),
        "Due": _moment(case.due_at),
        "Kept until": _moment(case.retain_until),
        "Consent": f"version {case.consent_version}, {_moment(case.consent_at)}",
        "Channel": f"{case.channel}, conversation {case.conversation}",
        "Name": case.name,
        "Contact": f"{case.contact_kind} {case.contact}",
        "Order": case.order_number,
        "Subject": case.subject,
    }
    for name, value in rows.items():
        print(f"{name + ':':12}{_line(str(value or '-'))}")
    print("\n" + textwrap.indent(_safe(case.question), "  ") + "\n")
    if case.self_check:
        print("Self-check: " + json.dumps(case.self_check, ensure_ascii=False))
    for entry in sorted((*case.notes, *case.answers, *case.events), key=lambda entry: str(entry.at)):
        head = f"{_moment(entry.at)}  {entry.kind} by {entry.by}" + (f" ({entry.detail})" if entry.detail else "")
        print(f"{head}: {_line(entry.text)}" if entry.kind == "event" else head)
        if entry.kind != "event":
            print(textwrap.indent(_safe(entry.text), "  "))
    if case.transcript:
        print("\nThe conversation before the request:")
        for entry in case.transcript:
            print(f"  {entry.by}: {_line(entry.text)}")
    return 0


def _assign(database: Database, environment: Environment, shop: Shop, given: Any) -> int:
    owner = None if given.owner == "-" else given.owner
    cases.assign(database, given.reference, owner, given.by or given.owner, utc_now(), force=given.force)
    print(f"{given.reference} belongs to {owner or 'nobody'} now.")
    return 0


def _answer(database: Database, environment: Environment, shop: Shop, given: Any) -> int:
    text = given.text or sys.stdin.read()
    now = utc_now()
    key = given.key or f"cli {outbox.subject_hash(text)[:32]}"  # the same text twice is a repeated command
    way = cases.answer(database, given.reference, text, given.by, shop, now, key=key, way=given.way)
    told = {"mail": "will be mailed", "chat": "will appear in the chat", "phone": "is recorded as told by telephone"}
    print(f"The answer to {given.reference} {told[way]}.")
    return 0


def _close(database: Database, environment: Environment, shop: Shop, given: Any) -> int:
    cases.close(database, given.reference, given.reason, given.by, shop, utc_now())
    print(f"{given.reference} is closed and will be deleted in {shop.advies_bewaren_dagen} days.")
    return 0


def _export(database: Database, environment: Environment, shop: Shop, given: Any) -> int:
    subject, now = _subject(given), utc_now()
    found = privacy.find(database, subject, now)
    told = privacy.export(database, subject, now, given.by)
    told["other stores"] = stores.export(environment, found.conversations)
    text = json.dumps(told, ensure_ascii=False, indent=2, default=str)
    if given.file:
        given.file.write_text(text + "\n", encoding="utf-8")
        given.file.chmod(0o600)
        print(f"Written to {given.file}. It holds personal data: delete it when it was handed over.")
    else:
        print(text)
    return 0


def _erase(database: Database, environment: Environment, shop: Shop, given: Any) -> int:
    subject, now = _subject(given), utc_now()
    found = privacy.find(database, subject, now)
    what = ", ".join((*found.references, *(f"conversation {name}" for name in found.conversations)))
    if not given.yes:
        print(f"This erases for good: {_line(what) or 'nothing'}. Run it again with --yes.")
        return 1
    # The other stores first: when one fails, the case still tells where to look.
    counts = stores.erase(environment, found.conversations)
    for table, number in privacy.erase_found(database, found, now, given.by).items():
        counts[table] = counts.get(table, 0) + number
    print("Erased: " + (", ".join(f"{number} of {table}" for table, number in sorted(counts.items())) or "nothing"))
    print("Mail that was sent before can't be called back: delete it from the mailboxes of the shop.")
    return 0


def _purge(database: Database, environment: Environment, shop: Shop, given: Any) -> int:
    privacy.apply_retention(database, shop)
    counts = privacy.purge(database, utc_now())
    print("Purged: " + (", ".join(f"{number} of {table}" for table, number in sorted(counts.items())) or "nothing"))
    return 0


def _retry(database: Database, environment: Environment, shop: Shop, given: Any) -> int:
    if given.list:
        letters = outbox.dead_letters(database)
        for letter in letters:
            print(f"{letter.id}  {letter.kind}  {letter.attempts} tries since {_moment(letter.created_at)}: ", end="")
            print(_line(letter.last_error))
        if not letters:
            print("Nothing was given up.")
        return 0
    number = outbox.retry(database, utc_now(), given.ids or None)
    print(f"{number} deliveries are tried again.")
    return 0 if number or not given.ids else 1


def _staff_add(database: Database, environment: Environment, shop: Shop, given: Any) -> int:
    if given.password_stdin:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = getpass.getpass("Password (12 characters or more): ")
        if getpass.getpass("Again: ") != password:
            raise accounts.AccountError("The two passwords differ.")
    if given.change:
        accounts.set_password(database, given.username, password)
        print(f"{given.username} has a new password and must log in again.")
        return 0
    accounts.add_account(database, given.username, given.name or "", given.email, password, utc_now())
    print(f"{given.username} can log in.")
    return 0


def _staff_block(database: Database, environment: Environment, shop: Shop, given: Any) -> int:
    accounts.set_active(database, given.username, active=given.undo)
    print(f"{given.username} {'can log in again.' if given.undo else 'is logged out and can not log in any more.'}")
    return 0


def _subject(given: Any) -> privacy.Subject:
    return privacy.Subject(
        conversation=given.conversation,
        reference=given.reference,
        email=given.email,
        phone=given.phone,
        by_owner=True,
    )


def _moment(moment: Any) -> str:
    return f"{moment.astimezone(ZONE):%Y-%m-%d %H:%M}" if moment else "-"


def _safe(text: str) -> str:
    """Nothing that a customer typed may steer the terminal."""
    return "".join(c if c == "\n" or c.isprintable() else "?" for c in text)


def _line(text: str) -> str:
    return _safe(" ".join(text.split()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m desk", description="The advice desk; see docs/desk.md.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    def command(name: str, run: Any, help_text: str, reference: bool = False) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help_text, description=help_text[:1].upper() + help_text[1:] + ".")
        sub.set_defaults(run=run)
        if reference:
            sub.add_argument("reference", help="such as A-2026-0042")
        return sub

    def by(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--by", default="owner", help="the username of who does this")

    def whose(sub: argparse.ArgumentParser) -> None:
        group = sub.add_mutually_exclusive_group(required=True)
        group.add_argument("reference", nargs="?", help="a case and its conversation")
        group.add_argument("--email", help="everything of this address")
        group.add_argument("--phone", help="everything of this number")
        group.add_argument("--conversation", help="everything of this conversation")
        by(sub)

    commands.add_parser("serve", help="run the staff page, deliver mail and purge, until stopped")
    sub = command("list", _list, "list the cases that are not closed, urgent ones first")
    sub.add_argument("--status", choices=STATUSES, help="only these")
    sub.add_argument("--all", action="store_true", help="closed ones too")
    sub.add_argument("--owner", help="only those of this username")
    sub.add_argument("--overdue", action="store_true", help="only those past what was promised")
    sub.add_argument("--search", default="", help="part of a reference, name, address or subject")
    sub.add_argument("--limit", type=_positive, default=100, help="at most so many (100)")
    command("show", _show, "show a case with everything on it", reference=True)
    sub = command("assign", _assign, "give a case to somebody", reference=True)
    sub.add_argument("owner", help="a username; - for nobody")
    sub.add_argument("--force", action="store_true", help="also when somebody else has it")
    sub.add_argument("--by", default="", help="the username of who does this")
    sub = command("answer", _answer, "answer a customer", reference=True)
    sub.add_argument("--text", help="the answer; left out: it is read from standard input")
    sub.add_argument("--way", choices=cases.WAYS, help="left out: as the customer asked")
    sub.add_argument("--key", help="the same for every try to send this answer")
    by(sub)
    sub = command("close", _close, "close a case", reference=True)
    sub.add_argument("reason", help="why, in a few words")
    by(sub)
    sub = command("export", _export, "show everything that is kept about a customer, as JSON")
    whose(sub)
    sub.add_argument("--file", type=Path, help="write it there")
    sub = command("erase", _erase, "erase everything that is kept about a customer")
    whose(sub)
    sub.add_argument("--yes", action="store_true", help="really do it")
    command("purge", _purge, "delete what has been kept long enough (the desk does this every hour)")
    sub = command("retry", _retry, "try again what was given up")
    sub.add_argument("ids", nargs="*", type=int, help="only these; left out: all")
    sub.add_argument("--list", action="store_true", help="only list it")
    sub = command("staff-add", _staff_add, "let somebody log in to the staff page")
    sub.add_argument("username")
    sub.add_argument("--name", help="as customers see it")
    sub.add_argument("--email", default="")
    sub.add_argument("--change", action="store_true", help="give an existing account a new password")
    sub.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    sub = command("staff-block", _staff_block, "keep somebody out who left; what they did stays")
    sub.add_argument("username")
    sub.add_argument("--undo", action="store_true", help="let them in again")
    return parser


def _positive(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError("a whole number from 1 is expected")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
