"""A real browser, a real server with a predictable assistant, and a network that can be cut."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

from tests.processes import ServerProcess, clean_environment
from tests.services import free_port

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"


def missing(reason: str) -> None:
    """Skips, or fails where a browser is required (CI sets REQUIRE_BROWSER)."""
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(reason)
    pytest.skip(reason)


class Server(ServerProcess):
    """The channel with the fake assistant, in a process of its own that can be killed and started again."""

    def __init__(self, folder: Path, port: int, origins: str) -> None:
        self.port = port
        self.folder = folder
        variables = clean_environment(
            SCHAKEL_PORT=str(port),
            SCHAKEL_WEB_DATABASE=f"sqlite:///{folder / 'web.db'}",
            SCHAKEL_DESK_DATABASE=f"sqlite:///{folder / 'desk.db'}",
            SCHAKEL_CONVERSATIONS=str(folder / "conversations.db"),
            SCHAKEL_WEB_ORIGINS=origins,
            SCHAKEL_WEB_PER_MINUTE="100000",
            SCHAKEL_WEB_ADDRESS_PER_MINUTE="100000",
        )
        address = f"http://127.0.0.1:{port}"
        super().__init__(["tests.widget.fake_server"], address, variables, folder / "server.log")


class CuttableNetwork:
    """Passes connections on to a port of this machine until they are cut."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._pairs: List[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._target), timeout=5)
                    far.settimeout(None)
                except OSError:
                    near.close()
                    continue
                self._pairs += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pass_on(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Breaks every connection that is open now."""
        pairs, self._pairs = self._pairs, []
        for one in pairs:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        self.cut()


@pytest.fixture(scope="session")
def ports() -> Dict[str, int]:
    return {"server": free_port(), "shop": free_port()}


# For one module: while Playwright runs, asynchronous tests of others can't.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright is not installed (requirements/dev.txt).")
    executable = shutil.which("chromium")
    if not executable:
        missing("No Chromium here; Debian's package chromium has it.")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def network(browser: Any, tmp_path_factory: pytest.TempPathFactory, ports: Dict[str, int]) -> Iterator[CuttableNetwork]:
    """The way to the server; pages are visited through it."""
    cuttable = CuttableNetwork(ports["server"])
    yield cuttable
    cuttable.close()


@pytest.fixture(scope="module")
def server(
    network: CuttableNetwork, tmp_path_factory: pytest.TempPathFactory, ports: Dict[str, int]
) -> Iterator[Server]:
    origins = f"self,{network.address},http://127.0.0.1:{ports['shop']}"
    running = Server(tmp_path_factory.mktemp("widget"), ports["server"], origins)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def context(browser: Any, server: Server) -> Iterator[Any]:
    """A visitor's browser with nothing in it yet."""
    made = browser.new_context(viewport={"width": 1280, "height": 900}, locale="nl-NL")
    made.set_default_timeout(15_000)
    yield made
    made.close()


class Visitor:
    """What a person does with the chat, on one tab."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.problems: List[str] = []
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda message: message.type == "error" and self.problems.append(message.text))

    def visit(self, address: str) -> "Visitor":
        self.page.goto(address)
        self.page.wait_for_selector(".launch")
        return self

    def open(self) -> "Visitor":
        self.page.click(".launch")
        self.page.wait_for_selector(".panel:visible")
        return self

    def say(self, text: str) -> None:
        self.page.fill("#input", text)
        self.page.press("#input", "Enter")

    def ask(self, text: str) -> str:
        """Says something and returns the text of the next answer."""
        before = len(self.answers())
        self.say(text)
        self.wait_for_answers(before + 1)
        return self.answers()[-1]

    def wait_for_answers(self, count: int, timeout: int = 30_000) -> None:
        script = "n => document.querySelector('schakel-chat').shadowRoot.querySelectorAll('.bot .meta').length >= n"
        self.page.wait_for_function(script, arg=count, timeout=timeout)

    def answers(self) -> List[str]:
        return self._texts(".bot:has(.meta) .bubble")

    def questions(self) -> List[str]:
        return self._texts(".user .bubble")

    def _texts(self, selector: str) -> List[str]:
        found: List[str] = self.page.locator(f"schakel-chat {selector}").all_inner_texts()
        return found

    @property
    def focused(self) -> str:
        """What has the focus inside the chat: its id, else its class, else its text."""
        script = """() => { const one = document.querySelector('schakel-chat').shadowRoot.activeElement;
            return one ? one.id || one.className || one.textContent : '' }"""
        found: str = self.page.evaluate(script)
        return found

    def stored(self) -> Dict[str, str]:
        found: Dict[str, str] = self.page.evaluate("() => ({...localStorage, ...sessionStorage})")
        return found


@pytest.fixture
def visitor(context: Any, network: CuttableNetwork) -> Visitor:
    """On the demo shop's page, the chat not yet opened."""
    return Visitor(context.new_page()).visit(network.address)
