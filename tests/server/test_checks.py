"""Everything that can be wrong before the start gives one message that says what to do."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from content.helplines import HelplineError, Helplines, read_helplines
from server import training
from server.checks import CannotStart, check_port, check_python, check_yaml, helplines_to_look_at
from server.pair import Pair, process_environment, rasa_command
from server.training import content_fingerprint, variables
from shop.settings import Environment


def test_a_taken_port_is_named_with_the_setting_that_changes_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=rf"Port {port} on 127.0.0.1 .*SCHAKEL_PORT=\.\.\."):
            check_port("127.0.0.1", port, "SCHAKEL_PORT")


def test_damaged_yaml_is_named_with_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "faq.yml"
    file.write_text("nlu:\n- intent: [\n", encoding="utf-8")
    with pytest.raises(CannotStart, match=r"faq.yml, line \d+: this is no valid YAML"):
        check_yaml([file])
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CannotStart, match="UTF-8"):
        check_yaml([file])
    with pytest.raises(CannotStart, match="is missing"):
        check_yaml([tmp_path / "weg.yml"])


def test_a_chain_that_does_not_fit_together_is_told_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = tmp_path / "keten.yml"
    right = training.CHAIN_FILE.read_text(encoding="utf-8")
    chain.write_text(right.replace("schakels:", "schakeltjes:", 1), encoding="utf-8")
    monkeypatch.setattr(training, "CHAIN_FILE", chain)
    monkeypatch.setattr(training.subprocess, "run", lambda *_, **__: pytest.fail("it was trained"))
    with pytest.raises(CannotStart, match=r"keten.yml, schakeltjes: extra fields not permitted"):
        training.train(force=True)


def test_a_missing_model_says_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CannotStart, match="Run `make train`"):
        Pair(Environment()).start()


def test_another_python_is_refused_with_one_line() -> None:
    with pytest.raises(CannotStart, match=r"This is Python 3.12; Schakel needs 3.10. Run `make setup`"):
        check_python((3, 12))


def test_a_wrong_setting_stops_the_command_with_one_message_and_no_trace(tmp_path: Path) -> None:
    shop = tmp_path / "winkel.yml"
    shop.write_text('naam: "X"\neigenaren: "A"\nbesteld_voor: "nooit"\n', encoding="utf-8")
    environment = {**os.environ, "SCHAKEL_SHOP_FILE": str(shop)}
    command = [sys.executable, "-m", "server", "run"]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"{shop}, line 3, besteld_voor:")
    assert "Traceback" not in result.stderr


def test_the_servers_listen_on_loopback_without_rasas_api_and_without_telemetry() -> None:
    environment = Environment()
    command = rasa_command(environment)
    assert command[command.index("--interface") + 1] == "127.0.0.1"
    assert "--enable-api" not in command
    variables = process_environment(environment)
    assert variables["RASA_TELEMETRY_ENABLED"] == "false"
    assert variables["SCHAKEL_ACTIONS_PORT"] == "5055"


def test_the_servers_keep_compiled_modules_for_the_next_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """An image or a shell often forbids it, and then all of Rasa is compiled at every start."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert "PYTHONDONTWRITEBYTECODE" not in process_environment(Environment())


def test_the_fingerprint_follows_the_content() -> None:
    before = content_fingerprint()
    assert content_fingerprint() == before
    extra = Path("data/faq/zz_test.yml")
    extra.write_text('version: "3.1"\n')
    try:
        assert content_fingerprint() != before
    finally:
        extra.unlink()


def find_python(tmp_path: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **variables}
    return subprocess.run(["bash", "scripts/find_python.sh"], capture_output=True, text=True, env=environment)


def fake_python(path: Path, ok: bool) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\ncase "$2" in *venv*) exit {0 if ok else 1};; *) echo {path};; esac\n')
    path.chmod(0o755)
    return path


def test_python_is_found_under_pyenv_when_its_shim_does_not_start(tmp_path: Path) -> None:
    fake_python(tmp_path / "shims" / "python3.10", ok=False)
    right = fake_python(tmp_path / "versions" / "3.10.9" / "bin" / "python", ok=True)
    result = find_python(tmp_path, PATH=f"{tmp_path}/shims:/usr/bin:/bin")
    assert result.stdout.strip() == str(right)


def test_an_explicit_python_is_taken_or_refused(tmp_path: Path) -> None:
    right = fake_python(tmp_path / "mine", ok=True)
    assert find_python(tmp_path, PYTHON=str(right)).stdout.strip() == str(right)
    wrong = fake_python(tmp_path / "other", ok=False)
    result = find_python(tmp_path, PYTHON=str(wrong))
    assert result.returncode == 1
    assert "is not a working Python 3.10" in result.stderr


def test_without_any_python_the_ways_to_get_one_are_named(tmp_path: Path) -> None:
    for name in ("python3.10", "python3", "python", "pyenv", "uv"):
        fake_python(tmp_path / "bin" / name, ok=False)
    result = find_python(tmp_path, PATH=f"{tmp_path}/bin:/usr/bin:/bin")
    assert result.returncode == 1
    assert "pyenv install 3.10" in result.stderr
    assert "uv python install 3.10" in result.stderr


def test_training_keeps_compiled_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("SCHAKEL_PORT", "5005")
    assert "PYTHONDONTWRITEBYTECODE" not in variables()
    assert variables()["SCHAKEL_PORT"] == "5005"


def test_numbers_that_were_checked_too_long_ago_are_named() -> None:
    lines = read_helplines()
    newest = max(line.checked for line in lines.lines.values())
    waiting = set(lines.unconfirmed())
    assert set(helplines_to_look_at(newest)) == {*waiting, *lines.overdue(newest)}
    assert helplines_to_look_at(newest + timedelta(days=lines.max_age_days + 1)) == sorted(lines.lines)


def test_without_numbers_nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Helplines:
        raise HelplineError("hulplijnen.yml is missing: without it no safety reply can be given.")

    monkeypatch.setattr("server.checks.read_helplines", missing)
    with pytest.raises(CannotStart, match="without it no safety reply can be given"):
        helplines_to_look_at(date(2026, 11, 23))
