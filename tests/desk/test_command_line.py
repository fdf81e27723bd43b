"""`python -m desk`: what the owners see and what mistakes say."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Callable, Iterator, List

import pytest

from desk.__main__ import main
from desk.accounts import add_account, check_password
from desk.cases import Contact, Line, close, get_case, open_case
from desk.database import Database, open_database
from desk.models import OutboxRow
from desk.worker import utc_now
from shop.settings import Shop
from tests.desk.conftest import a_request

PASSWORD = "een lang wachtwoord"
Run = Callable[..., "tuple[int, str, str]"]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shop: Shop) -> Iterator[Database]:
    """A database with two cases and one account, which the command line is set to."""
    address = f"sqlite:///{tmp_path / 'desk.db'}"
    winkel = tmp_path / "winkel.yml"
    winkel.write_text('naam: "Testwinkel"\neigenaren: "An en Jo"\nemail: "info@testwinkel.nl"\n', encoding="utf-8")
    monkeypatch.setenv("SCHAKEL_DESK_DATABASE", address)
    monkeypatch.setenv("SCHAKEL_SHOP_FILE", str(winkel))
    monkeypatch.setenv("SCHAKEL_CONVERSATIONS", str(tmp_path / "conversations.db"))
    monkeypatch.setenv("SCHAKEL_WEB_DATABASE", f"sqlite:///{tmp_path / 'web.db'}")
    monkeypatch.setenv("SCHAKEL_CHANNELS_DATABASE", f"sqlite:///{tmp_path / 'channels.db'}")
    database = open_database(address)
    add_account(database, "an", "An", "", PASSWORD, utc_now())
    open_case(database, a_request(transcript=[Line("customer", "hoi")]), shop, utc_now())
    request = a_request("key-2", conversation="web-2", urgent=True, contact=Contact("here"), subject="magnesium")
    open_case(database, request, shop, utc_now())
    yield database
    database.close()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: str) -> "tuple[int, str, str]":
        code = main(arguments)
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


def year() -> int:
    return utc_now().year


def test_list_shows_open_cases_urgent_ones_first(desk: Database, run: Run, shop: Shop) -> None:
    code, out, _ = run("list")
    lines = out.splitlines()
    assert code == 0
    assert lines[0].startswith(f"A-{year()}-0002  new")
    assert lines[0].endswith("magnesium URGENT")
    assert lines[1].startswith(f"A-{year()}-0001  new")
    close(desk, f"A-{year()}-0001", "klaar", "an", shop, utc_now())
    assert len(run("list")[1].splitlines()) == 1
    assert len(run("list", "--all")[1].splitlines()) == 2
    assert run("list", "--search", "niets")[1] == "No cases.\n"


def test_show_tells_everything_about_a_case(desk: Database, run: Run) -> None:
    code, out, _ = run("show", f"a {year()} 1")
    assert code == 0
    for words in ("Contact:    email jan@klant.nl", "  Ik slaap slecht. Wat kan ik doen?", "customer: hoi", "opened"):
        assert words in out


def test_what_a_customer_typed_can_not_steer_the_terminal(desk: Database, run: Run, shop: Shop) -> None:
    open_case(desk, a_request("key-3", name="\x9b31m\u202eJan", question="a\x1b]0;x\x07b\u2066"), shop, utc_now())
    out = run("show", f"A-{year()}-0003")[1]
    assert not [c for c in out if not (c.isprintable() or c == "\n")]


def test_assign_answer_and_close(desk: Database, run: Run) -> None:
    reference = f"A-{year()}-0001"
    assert run("assign", reference, "an") == (0, f"{reference} belongs to an now.\n", "")
    assert run("answer", reference, "--text", "Slaap lekker.", "--by", "an")[:2] == (
        0,
        f"The answer to {reference} will be mailed.\n",
    )
    run("answer", reference, "--text", "Slaap lekker.", "--by", "an")
    assert len(get_case(desk, reference).answers) == 1
    assert run("close", reference, "beantwoord")[1] == f"{reference} is closed and will be deleted in 90 days.\n"
    assert run("close", reference, "beantwoord") == (1, "", f"{reference} is closed already.\n")


def test_an_answer_can_come_from_standard_input(desk: Database, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("Regel een.\nRegel twee.\n"))
    assert run("answer", f"A-{year()}-0002")[1] == f"The answer to A-{year()}-0002 will appear in the chat.\n"
    assert get_case(desk, f"A-{year()}-0002").answers[0].text == "Regel een.\nRegel twee."


def test_export_writes_a_file_that_only_its_owner_reads(desk: Database, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    code, out, _ = run("export", "--email", "Jan@Klant.nl", "--file", str(file))
    assert code == 0
    assert "Jan" not in out
    assert json.loads(file.read_text())["cases"][0]["contact"] == "jan@klant.nl"
    assert file.stat().st_mode & 0o777 == 0o600


def test_erase_asks_first_and_tells_what_it_erased(desk: Database, run: Run) -> None:
    code, out, _ = run("erase", f"A-{year()}-0001")
    assert (code, out) == (
        1,
        f"This erases for good: A-{year()}-0001, conversation web-1. Run it again with --yes.\n",
    )
    code, out, _ = run("erase", f"A-{year()}-0001", "--yes")
    assert code == 0
    assert out.startswith("Erased: 1 of case_events, 1 of cases, 1 of consents, 2 of outbox, 1 of transcript_lines\n")
    assert run("show", f"A-{year()}-0001") == (1, "", f"There is no case A-{year()}-0001.\n")


def test_dead_letters_are_listed_and_tried_again(desk: Database, run: Run) -> None:
    assert run("retry", "--list")[1] == "Nothing was given up.\n"
    with desk.session() as session:
        row = session.get(OutboxRow, 1)
        row.state, row.last_error, row.attempts = "dead", "recipient refused: 550 5.1.1", 1
    assert "recipient refused: 550 5.1.1" in run("retry", "--list")[1]
    assert run("retry")[1] == "1 deliveries are tried again.\n"
    assert run("retry", "99")[0] == 1


def test_purge_says_what_went(desk: Database, run: Run) -> None:
    assert run("purge")[1] == "Purged: nothing\n"


def test_staff_is_added_with_a_password_that_is_not_shown(
    desk: Database, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))
    assert run("staff-add", "jo", "--name", "Jo", "--password-stdin") == (0, "jo can log in.\n", "")
    assert check_password(desk, "jo", PASSWORD, utc_now()) is not None
    monkeypatch.setattr(sys, "stdin", io.StringIO("een nieuw wachtwoord\n"))
    assert run("staff-add", "jo", "--change", "--password-stdin")[0] == 0
    assert check_password(desk, "jo", PASSWORD, utc_now()) is None
    monkeypatch.setattr(sys, "stdin", io.StringIO("kort\n"))
    code, out, err = run("staff-add", "jo", "--name", "Jo", "--password-stdin")
    assert (code, out, err) == (1, "", "A password has 12 to 200 characters.\n")


def test_who_left_is_kept_out_until_that_is_undone(desk: Database, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))
    run("staff-add", "jo", "--name", "Jo", "--password-stdin")
    assert run("staff-block", "jo") == (0, "jo is logged out and can not log in any more.\n", "")
    assert check_password(desk, "jo", PASSWORD, utc_now()) is None
    assert run("staff-block", "jo", "--undo") == (0, "jo can log in again.\n", "")
    assert check_password(desk, "jo", PASSWORD, utc_now()) is not None
    assert run("staff-block", "niemand") == (1, "", "There is no account niemand.\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "A-2020-0001"], "There is no case A-2020-0001."),
        (["show", "x\x1b[31m"], "There is no case x[31m."),
        (["erase", "--email", "niemand@klant.nl", "--yes"], "There is no such case."),
        (["answer", "A-2020-0001", "--text", ""], "The answer is missing."),
    ],
)
def test_a_mistake_gives_one_clear_line(desk: Database, run: Run, arguments: List[str], words: str) -> None:
    if "--text" in arguments:
        arguments = ["answer", f"A-{year()}-0001", "--text", " "]
    assert run(*arguments) == (1, "", words + "\n")


def test_a_wrong_setting_is_told_without_a_trace(tmp_path: Path) -> None:
    import os

    environment = {**os.environ, "SCHAKEL_DESK_DATABASE": "mysql://x/y"}
    command = [sys.executable, "-m", "desk", "list"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "SCHAKEL_DESK_DATABASE: Databases are SQLite files or PostgreSQL.\n"


def test_a_database_that_is_gone_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHAKEL_DESK_DATABASE", "postgresql://schakel@127.0.0.1:1/desk")
    code, out, err = run("list")
    assert (code, out) == (1, "")
    assert err.startswith("The desk's database does not answer (")
