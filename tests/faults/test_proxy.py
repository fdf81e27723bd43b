"""The proxy between the assistant and its servers really cuts, silences and mends."""

from __future__ import annotations

import socket
import threading
from typing import Iterator

import pytest

from faults.proxy import CUT, PASS, SILENT, Proxy
from tests.services import free_port


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    server = socket.create_server(("127.0.0.1", 0))

    def echo() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(
                target=lambda taken: taken.sendall(taken.recv(100)), args=(connection,), daemon=True
            ).start()

    threading.Thread(target=echo, daemon=True).start()
    found = Proxy(server.getsockname()[1], free_port())
    found.start()
    yield found
    found.stop()
    server.close()


def said_back(proxy: Proxy) -> bytes:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=1) as connection:
        connection.sendall(b"hallo")
        return connection.recv(100)


def test_it_passes_on_refuses_and_passes_on_again(proxy: Proxy) -> None:
    assert said_back(proxy) == b"hallo"
    proxy.set(CUT)
    with pytest.raises(OSError):
        said_back(proxy)
    proxy.set(PASS)
    assert said_back(proxy) == b"hallo"


def test_when_silent_it_takes_everything_and_answers_nothing(proxy: Proxy) -> None:
    proxy.set(SILENT)
    with pytest.raises(socket.timeout):
        said_back(proxy)
    proxy.set(PASS)
    assert said_back(proxy) == b"hallo"
