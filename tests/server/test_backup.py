"""A backup brings everything back, and a damaged one changes nothing."""

from __future__ import annotations

import os
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Tuple

import pytest
from sqlalchemy import create_engine, text

from server.backup import backup, items, restore
from server.checks import CannotStart
from shop.settings import Environment
from tests.services import Postgres  # a cluster that may be stopped
from tests.services import own_postgres as postgres

__all__ = ["postgres"]


def write_row(path: Path, text: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE IF NOT EXISTS said (text TEXT)")
        database.execute("DELETE FROM said")
        database.execute("INSERT INTO said VALUES (?)", (text,))


def read_row(path: Path) -> str:
    with closing(sqlite3.connect(path)) as database:
        row: Tuple[str] = database.execute("SELECT text FROM said").fetchone()
        return row[0]


@pytest.fixture
def place(tmp_path: Path) -> Tuple[Environment, Path, Path]:
    """Settings, the key file, and where the archive goes."""
    shop = tmp_path / "winkel.yml"
    shop.write_text('naam: "Voor"\n')
    key = tmp_path / "secret.key"
    key.write_text("k" * 40)
    environment = Environment(
        conversations=str(tmp_path / "conversations.db"),
        web_database=f"sqlite:///{tmp_path / 'web.db'}",
        desk_database=f"sqlite:///{tmp_path / 'desk.db'}",
        channels_database=f"sqlite:///{tmp_path / 'channels.db'}",
        shop_file=str(shop),
    )
    write_row(tmp_path / "conversations.db", "gesprek")
    write_row(tmp_path / "web.db", "chat")
    return environment, key, tmp_path / "backup.tar.gz"


def test_what_was_changed_after_the_backup_is_as_before_after_restoring(
    place: Tuple[Environment, Path, Path], tmp_path: Path
) -> None:
    environment, key, archive = place
    held = backup(environment, archive, key)
    assert {"conversations.db", "web.db", "secret.key", "winkel.yml"} <= set(held)
    assert archive.stat().st_mode & 0o777 == 0o600
    write_row(tmp_path / "conversations.db", "later")
    (tmp_path / "web.db").unlink()
    key.write_text("x" * 40)
    done = restore(environment, archive, key)
    assert read_row(tmp_path / "conversations.db") == "gesprek"
    assert read_row(tmp_path / "web.db") == "chat"
    assert key.read_text() == "k" * 40
    assert any("the old one is" in line for line in done)
    assert len(list(tmp_path.glob("conversations.db.before-*"))) >= 1


def test_what_is_being_written_is_in_the_backup_as_far_as_it_was_committed(
    place: Tuple[Environment, Path, Path], tmp_path: Path
) -> None:
    environment, key, archive = place
    with closing(sqlite3.connect(tmp_path / "conversations.db")) as database:
        database.execute("UPDATE said SET text = 'half'")  # not committed
        backup(environment, archive, key)
        database.rollback()
    (tmp_path / "conversations.db").unlink()
    restore(environment, archive, key)
    assert read_row(tmp_path / "conversations.db") == "gesprek"


def test_a_damaged_archive_changes_nothing(place: Tuple[Environment, Path, Path], tmp_path: Path) -> None:
    environment, key, archive = place
    backup(environment, archive, key)
    write_row(tmp_path / "web.db", "later")
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CannotStart, match="damaged"):
        restore(environment, archive, key)
    archive.write_bytes(b"geen archief")
    with pytest.raises(CannotStart, match=r"damaged or no backup of Schakel .*Nothing was changed"):
        restore(environment, archive, key)
    with pytest.raises(CannotStart, match="does not exist"):
        restore(environment, tmp_path / "weg.tar.gz", key)
    assert read_row(tmp_path / "web.db") == "later"


def test_a_changed_file_in_the_archive_is_noticed(place: Tuple[Environment, Path, Path], tmp_path: Path) -> None:
    environment, key, archive = place
    backup(environment, archive, key)
    folder = tmp_path / "unpacked"
    with tarfile.open(archive) as tar:
        tar.extractall(folder)  # our own archive of a moment ago
    (folder / "winkel.yml").write_text('naam: "Ander"\n')
    with tarfile.open(archive, "w:gz") as tar:
        for file in folder.iterdir():
            tar.add(file, arcname=file.name)
    with pytest.raises(CannotStart, match=r"winkel.yml is not what was backed up. Nothing was changed"):
        restore(environment, archive, key)


def test_a_backup_never_overwrites_one_and_needs_something_to_keep(
    place: Tuple[Environment, Path, Path], tmp_path: Path
) -> None:
    environment, key, archive = place
    backup(environment, archive, key)
    with pytest.raises(CannotStart, match="exists already"):
        backup(environment, archive, key)
    for file in tmp_path.glob("*.db*"):
        file.unlink()
    with pytest.raises(CannotStart, match="nothing to back up"):
        backup(environment, tmp_path / "empty.tar.gz", key)


def test_a_database_server_is_dumped_by_its_own_tool() -> None:
    environment = Environment(conversations="postgresql://rasa:geheim@localhost:5433/gesprekken")
    found = {item.name: item for item in items(environment)}
    assert found["conversations.dump"].url is not None
    assert found["conversations.dump"].url.database == "gesprekken"


def test_a_real_postgresql_comes_back_as_it_was(
    place: Tuple[Environment, Path, Path], postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, key, archive = place
    monkeypatch.setenv("PATH", f"{postgres.programs}{os.pathsep}{os.environ['PATH']}")
    address = postgres.new_database()
    environment = Environment(
        conversations=address,
        web_database=f"sqlite:///{tmp_path / 'web.db'}",
        desk_database="",
        channels_database="",
        shop_file=str(tmp_path / "winkel.yml"),
    )
    engine = create_engine(address, future=True)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE said (id serial PRIMARY KEY, text varchar)"))
        connection.execute(text("INSERT INTO said (text) VALUES ('één'), ('twee')"))
    assert "conversations.dump" in backup(environment, archive, key)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM said WHERE text = 'één'"))
        connection.execute(text("INSERT INTO said (text) VALUES ('later')"))
    engine.dispose()
    restore(environment, archive, key)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT text FROM said ORDER BY id")).scalars().all() == ["één", "twee"]
        connection.execute(text("INSERT INTO said (text) VALUES ('drie')"))  # the sequence goes on where it was
        assert connection.execute(text("SELECT max(id) FROM said")).scalar_one() == 3
    engine.dispose()
    postgres.stop()
    with pytest.raises(CannotStart, match="pg_dump of"):
        backup(environment, tmp_path / "no.tar.gz", key)
    assert not (tmp_path / "no.tar.gz").exists()
    postgres.start()
    postgres.take_back(address)
