"""`python -m tests.widget.bench`: sizes and load times of the chat on this machine, in Debian's Chromium.

Times are medians of `RUNS` fresh visits to the demo shop over loopback; script time comes from the browser's own trace.
"""

from __future__ import annotations

import gzip
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List

from tests.widget.conftest import FLAGS, Server, Visitor, free_port

RUNS = 9
_SHIFT = """() => new Promise(done => { let sum = 0;
    new PerformanceObserver(list => list.getEntries().forEach(entry => sum += entry.value))
      .observe({type: 'layout-shift', buffered: true});
    requestAnimationFrame(() => requestAnimationFrame(() => done(sum))) })"""
_OPEN = """() => new Promise(done => { const root = document.querySelector('schakel-chat').shadowRoot;
    const from = performance.now();
    new MutationObserver((_, self) => { const panel = root.querySelector('.panel');
      if (panel && !panel.hidden) { self.disconnect(); done(performance.now() - from) } })
      .observe(root, {subtree: true, childList: true, attributes: true});
    root.querySelector('.launch').click() })"""


def sizes() -> Dict[str, int]:
    """Bytes of every module, compressed as the server sends it."""
    return {path.name: len(gzip.compress(path.read_bytes())) for path in sorted(Path("widget").glob("*.js"))}


def script_milliseconds(trace: bytes, name: str) -> float:
    """Time that the browser spent on compiling and running one script, out of its trace."""
    events: List[Dict[str, Any]] = json.loads(trace)["traceEvents"]
    wanted = ("EvaluateScript", "v8.compile")
    return sum(
        event.get("dur", 0) / 1000
        for event in events
        if event.get("name") in wanted and event.get("args", {}).get("data", {}).get("url", "").endswith(name)
    )


def visit(browser: Any, address: str) -> Dict[str, float]:
    """One visit of a browser that has nothing of the chat yet."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    browser.start_tracing(page=page, categories=["devtools.timeline", "v8"])
    visitor = Visitor(page).visit(address)
    script = script_milliseconds(browser.stop_tracing(), "/widget.js")
    opened = page.evaluate(_OPEN)
    visitor.ask("hallo")
    shift = page.evaluate(_SHIFT)
    context.close()
    return {"launcher script, ms": script, "click to open chat, ms": opened, "layout shift": shift}


def visits(runs: int = RUNS) -> Dict[str, List[float]]:
    """What fresh visits took, by name; empty without a browser."""
    executable = shutil.which("chromium")
    if not executable:
        return {}
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder), free_port(), "self")
        server.start()
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            found = [visit(browser, server.address) for _ in range(runs)]
        finally:
            browser.close()
            server.stop()
    return {name: [run[name] for run in found] for name in found[0]}


def main() -> int:
    """Prints the figures; says so when there is no browser."""
    modules = sizes()
    for name, size in modules.items():
        print(f"{name:<28}{size:>8} bytes compressed")
    print(f"{'all modules':<28}{sum(modules.values()):>8} bytes compressed")
    found = visits()
    if not found:
        print("No Chromium here, so no load times (Debian's package chromium has it).")
    for name, values in found.items():
        print(f"{name:<28}{statistics.median(values):>8.2f} median, {max(values):.2f} at most")
    return 0


if __name__ == "__main__":
    sys.exit(main())
