"""A real Redis of its own for tests, on a free port; Debian's package redis-server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Iterator

import pytest


class RedisServer:
    """Starts and stops one server that keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.address = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program
        command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
        raise RuntimeError("redis-server did not start")

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A running Redis; skipped with a reason where it is not installed, unless REQUIRE_SERVICES=1."""
    if not shutil.which("redis-server"):
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail("redis-server is not installed, and REQUIRE_SERVICES=1")
        pytest.skip("redis-server is not installed (Debian's package redis-server)")
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()
