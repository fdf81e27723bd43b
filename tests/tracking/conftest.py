"""Stores on SQLite and, when it is installed, on a PostgreSQL server of the tests' own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Callable, Iterator, Optional

import pytest
from rasa.shared.core.domain import Domain
from sqlalchemy import create_engine

from tests.policies.dialogues import DOMAIN
from tests.services import free_port
from tracking.store import ConversationStore

Open = Callable[[], ConversationStore]


def postgres_folder() -> Optional[Path]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database on a server of its own."""
    binaries = postgres_folder()
    if binaries is None:
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail("PostgreSQL is not installed")
        pytest.skip("PostgreSQL is not installed")
    folder = tmp_path_factory.mktemp("postgres")
    port = free_port()
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    if user:
        for parent in (folder, *folder.parents):
            if parent.is_relative_to("/tmp") and parent != Path("/tmp"):
                parent.chmod(0o755)
        shutil.chown(folder, "postgres")
    run = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    data = str(folder / "data")
    subprocess.run([*user, binaries / "initdb", "-D", data, "-U", "schakel", "-A", "trust"], **run)
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    subprocess.run([*user, binaries / "pg_ctl", "-D", data, "-w", "-o", options, "start"], **run)
    yield f"postgresql://schakel@127.0.0.1:{port}/postgres"
    subprocess.run(
        [*user, binaries / "pg_ctl", "-D", data, "-w", "-m", "fast", "stop"], check=False, stdout=subprocess.DEVNULL
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "conversations.db")
    found: str = request.getfixturevalue("postgres")
    engine = create_engine(found, future=True)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS events")
    engine.dispose()
    return found


@pytest.fixture
def open_store(address: str) -> Iterator[Open]:
    """Opens the database as one more process would."""
    opened: "list[Any]" = []

    def open_it() -> ConversationStore:
        opened.append(ConversationStore(Domain.from_yaml(DOMAIN), host=address))
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()
