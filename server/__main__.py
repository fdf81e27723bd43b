"""`python -m server run|chat|train|backup|restore`: what the make targets call."""

from __future__ import annotations

import argparse
import json
import os
import sys
import urllib.error
import urllib.request
import uuid
from datetime import date
from pathlib import Path
from typing import Optional

from content.helplines import HELPLINES
from server.checks import CannotStart, check_port, check_python, check_settings, helplines_to_look_at
from shop.settings import Environment, SettingsError, load_environment

LOGS = Path("var/log")


def main() -> int:
    """Parses the command and runs it; every expected failure ends as one clear message and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m server", description="Runs Schakel.")
    parser.add_argument("command", choices=("run", "chat", "train", "backup", "restore"))
    parser.add_argument("archive", nargs="?", type=Path, help="backup and restore: the file")
    parser.add_argument("--without-desk", action="store_true", help="run: the advice desk runs elsewhere")
    parser.add_argument("--force", action="store_true", help="train also when nothing changed")
    arguments = parser.parse_args()
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        check_python()
        environment = load_environment()
        if arguments.command in ("backup", "restore"):
            return _keep(arguments.command, environment, arguments.archive)
        check_settings(environment)
        if arguments.command == "train":
            return _train(arguments.force)
        return _serve(environment, chat=arguments.command == "chat", with_desk=not arguments.without_desk)
    except (CannotStart, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1


def _keep(command: str, environment: Environment, archive: Optional[Path]) -> int:
    from server.backup import backup, restore

    if archive is None:
        raise CannotStart(f"Name the file: make {command} FILE=backup.tar.gz")
    if command == "backup":
        print(f"{archive} holds {', '.join(backup(environment, archive))}. It holds personal data: keep it safe.")
        return 0
    check_port(environment.host, environment.port, "SCHAKEL_PORT")  # the assistant is not running
    print("\n".join(restore(environment, archive)))
    return 0


def _train(force: bool) -> int:
    from server.training import MODEL, train

    print(f"Trained {MODEL}." if train(force) else f"{MODEL} is up to date: nothing changed.")
    return 0


def _serve(environment: Environment, chat: bool, with_desk: bool) -> int:
    from nlu.dutch import PACKAGE, installed_name
    from server.pair import Interrupted, Pair, raise_on_signals
    from server.training import is_current, train

    if not is_current():
        print("The content changed: training (about half a minute) ...", flush=True)
        train()
    dutch = installed_name()
    print(f"Dutch language pipeline: {dutch}{'' if dutch == PACKAGE else ' (README: how to add nl_core_news_sm)'}")
    old = helplines_to_look_at(date.today())
    if old:
        print(f"Look up and date again, in {HELPLINES}: {', '.join(old)}.")
    raise_on_signals()
    pair = Pair(environment, LOGS, with_desk)
    try:
        pair.start()
        print(
            f"Schakel is ready: http://{_shown(environment.host)}:{environment.port}/   (Ctrl-C stops it)", flush=True
        )
        if with_desk:
            print(f"The owners' page: http://{_shown(environment.desk_host)}:{environment.desk_port}/", flush=True)
        if chat:
            _talk(environment)
            return 0
        ended = pair.wait()
        raise CannotStart(f"The {ended} server keeps ending; {LOGS}/{ended}.log says why.")
    except Interrupted:
        return 0
    finally:
        pair.stop()


def _shown(host: str) -> str:
    return "localhost" if host in ("127.0.0.1", "0.0.0.0") else host  # noqa: S104


def _talk(environment: Environment) -> None:
    """A conversation in the terminal, through the same REST channel that other clients use."""
    sender = f"terminal-{uuid.uuid4().hex}"
    address = f"http://{environment.host}:{environment.port}/webhooks/rest/webhook"
    while True:
        try:
            text = input("> ")
        except EOFError:
            return
        body = json.dumps({"sender": sender, "message": text}).encode()
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=environment.answer_timeout + 5) as reply:
                messages = json.load(reply)
        except urllib.error.HTTPError as error:
            messages = [json.load(error)]
        except urllib.error.URLError as error:
            raise CannotStart(f"The assistant does not answer ({error.reason}); see {LOGS}.") from None
        for message in messages:
            print(message.get("text", ""))
            for button in message.get("buttons", ()):
                print(f"  [{button['title']}]")


if __name__ == "__main__":
    sys.exit(main())
