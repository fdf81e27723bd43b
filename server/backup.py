"""Backup and restore of everything that can't be made again: the databases, the secret, the shop's settings.

A backup is one .tar.gz with a manifest of SHA-256 hashes. SQLite files are copied with SQLite's own online backup, so
the assistant can go on; PostgreSQL databases with pg_dump. Restoring checks the whole archive before it changes
anything and keeps what it replaces.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional

from sqlalchemy.engine import URL, make_url

from channels.sessions import KEY_FILE
from server.checks import CannotStart
from shop.settings import Environment

MANIFEST = "manifest.json"
FORMAT = 1
DUMP_TIMEOUT = 3_600  # seconds


@dataclass(frozen=True)
class Item:
    """One thing to keep.

    Attributes:
        name: its file in the archive.
        path: the file on disk, None for a database server.
        url: the address of a PostgreSQL database, None for a file.
    """

    name: str
    path: Optional[Path] = None
    url: Optional[URL] = None


# Setting and name in the archive of every database.
DATABASES = {
    "conversations": "conversations",
    "web_database": "web",
    "desk_database": "desk",
    "channels_database": "channels",
}


def items(environment: Environment, key_file: Path = KEY_FILE) -> List[Item]:
    """What a backup of an assistant with these settings holds, whether it exists yet or not."""
    found = []
    for setting, name in DATABASES.items():
        address = str(getattr(environment, setting, ""))
        if not address:
            continue
        if "://" not in address:
            found.append(Item(f"{name}.db", Path(address)))
            continue
        url = make_url(address)
        if url.get_backend_name() == "sqlite":
            if url.database:
                found.append(Item(f"{name}.db", Path(url.database)))
        else:
            found.append(Item(f"{name}.dump", url=url))
    return [*found, Item("secret.key", key_file), Item("winkel.yml", Path(environment.shop_file))]


def backup(environment: Environment, archive: Path, key_file: Path = KEY_FILE) -> List[str]:
    """Writes the archive, readable by its owner only.

    Returns:
        The names of what it holds.

    Raises:
        CannotStart: the archive exists already, there is nothing to keep, or a database can't be read.
    """
    if archive.exists():
        raise CannotStart(f"{archive} exists already; a backup never overwrites one.")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        hashes: Dict[str, str] = {}
        for item in items(environment, key_file):
            target = folder / item.name
            if item.url is not None:
                _dump(item.url, target)
            elif item.path is not None and item.path.exists():
                _copy(item.path, target)
            else:
                continue
            hashes[item.name] = _sha256(target)
        if not any(name.endswith((".db", ".dump")) for name in hashes):
            raise CannotStart("There is no database yet, so there is nothing to back up.")
        manifest = {"format": FORMAT, "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "sha256": hashes}
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1))
        part = archive.with_name(archive.name + ".part")
        archive.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw:
            with tarfile.open(fileobj=raw, mode="w:gz") as tar:
                for name in (MANIFEST, *hashes):
                    tar.add(folder / name, arcname=name)
            raw.flush()
            os.fsync(raw.fileno())
        part.replace(archive)
    return list(hashes)


def restore(environment: Environment, archive: Path, key_file: Path = KEY_FILE) -> List[str]:
    """Puts everything of the archive back; the assistant must not be running.

    Returns:
        What was done, a line each.

    Raises:
        CannotStart: the archive is damaged or of another kind; nothing was changed then.
    """
    known = {item.name: item for item in items(environment, key_file)}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        names = _unpack(archive, folder)
        missing = [name for name in names if name not in known]
        if missing:
            raise CannotStart(
                f"{archive} holds {', '.join(missing)}, for which the settings name no place. "
                "Set the same kind of databases as when it was made (SQLite or PostgreSQL)."
            )
        done = []
        stamp = time.strftime("%Y%m%d-%H%M%S")
        for name in names:
            item = known[name]
            if item.url is not None:
                _load(item.url, folder / name)
                done.append(f"{name}: restored into the database {item.url.database}")
                continue
            assert item.path is not None
            kept = _put_aside(item.path, stamp)
            item.path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / name, item.path)
            item.path.chmod(0o600)
            done.append(f"{name}: restored to {item.path}" + (f", the old one is {kept}" if kept else ""))
    return done


def _put_aside(path: Path, stamp: str) -> Optional[Path]:
    """Renames a file and what SQLite keeps beside it; gives the new path, None when there was none."""
    kept = None
    for suffix in ("", "-wal", "-shm"):
        old = path.with_name(path.name + suffix)
        if old.exists():
            new = path.with_name(f"{path.name}.before-{stamp}{suffix}")
            old.rename(new)
            kept = kept or new
    return kept


def _unpack(archive: Path, folder: Path) -> List[str]:
    """Unpacks what the manifest names and checks each hash; nothing else in an archive is looked at."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            manifest = json.loads(_read(tar, MANIFEST))
            if manifest.get("format") != FORMAT:
                raise CannotStart(f"{archive} was made by another version of Schakel.")
            for name in manifest["sha256"]:
                if Path(name).name != name:
                    raise CannotStart(f"{archive} is no backup of Schakel.")
                member = tar.extractfile(name)
                if member is None:
                    raise KeyError(name)
                with member, (folder / name).open("wb") as target:
                    shutil.copyfileobj(member, target)
    except FileNotFoundError:
        raise CannotStart(f"{archive} does not exist.") from None
    except (tarfile.TarError, KeyError, ValueError, TypeError, AttributeError, EOFError, OSError) as error:
        raise CannotStart(f"{archive} is damaged or no backup of Schakel ({error}). Nothing was changed.") from None
    for name, expected in manifest["sha256"].items():
        if _sha256(folder / name) != expected:
            raise CannotStart(f"{archive} is damaged: {name} is not what was backed up. Nothing was changed.")
    return list(manifest["sha256"])


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    member = tar.extractfile(name)
    if member is None:
        raise KeyError(name)
    with member:
        return member.read()


def _copy(source: Path, target: Path) -> None:
    if source.suffix != ".db":
        shutil.copyfile(source, target)
        return
    try:
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=10)) as database,
            closing(sqlite3.connect(target)) as copy,
        ):
            database.backup(copy)
            if copy.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise CannotStart(f"{source} is damaged; SQLite's check fails.")
    except sqlite3.Error as error:
        raise CannotStart(f"{source} can't be backed up ({error}).") from None


def _postgres(url: URL, program: str, *arguments: str) -> None:
    command = [program, "--no-password", "--host", url.host or "localhost", "--port", str(url.port or 5432)]
    command += ["--username", url.username or "", "--dbname", url.database or "", *arguments]
    try:
        result = subprocess.run(
            [part for part in command if part],
            env={**os.environ, "PGPASSWORD": str(url.password or ""), "PGCONNECT_TIMEOUT": "10"},
            capture_output=True,
            text=True,
            timeout=DUMP_TIMEOUT,
            check=False,
        )
    except FileNotFoundError:
        raise CannotStart(f"{program} is needed for PostgreSQL; it is in Debian's package postgresql-client.") from None
    except subprocess.TimeoutExpired:
        raise CannotStart(f"{program} took longer than {DUMP_TIMEOUT} seconds.") from None
    if result.returncode != 0:
        raise CannotStart(f"{program} of {url.database} failed: {result.stderr.strip()[-300:]}")


def _dump(url: URL, target: Path) -> None:
    _postgres(url, "pg_dump", "--format=custom", "--no-owner", "--file", str(target))


def _load(url: URL, source: Path) -> None:
    _postgres(url, "pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction", str(source))


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
