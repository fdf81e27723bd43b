"""What is deployed names settings and metrics that exist, and nginx lets in only what is public."""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from string import Template
from typing import Any, Dict, Iterator, List, Tuple

import pytest
import yaml  # not ruamel: Rasa makes that one fill in variables of the environment

from monitoring.metrics import REGISTRY
from shop.settings import environment_variables
from tests.services import free_port

DEPLOY = Path("deploy")
OWN = {"SCHAKEL_LISTEN", "SCHAKEL_UPSTREAMS", "SCHAKEL_NGINX_DIR", "SCHAKEL_ZONE_RATE"}  # nginx's
PUBLIC = [
    ("GET", "/"),
    ("GET", "/demo/demo.css"),
    ("GET", "/widget.js"),
    ("GET", "/widget/0123456789ab/chat.js"),
    ("GET", "/keten"),
    ("GET", "/keten/plaat/keten.svg"),
    ("POST", "/webhooks/web/session"),
    ("POST", "/webhooks/web/messages"),
    ("GET", "/webhooks/web/events"),
    ("POST", "/webhooks/telegram/webhook"),
    ("GET", "/webhooks/whatsapp/webhook"),
    ("POST", "/webhooks/twilio/webhook"),
    ("POST", "/webhooks/twilio/status"),
]
PRIVATE = [
    *("/health", "/ready", "/metrics", "/status", "/model", "/conversations/x/tracker", "/domain", "/webhook"),
    *("/webhooks/rest/webhook", "/webhooks/callback/webhook", "/webhooks/web/", "/webhooks/web/../rest/webhook"),
    *("/webhooks/web/session/../../rest/webhook", "/%77ebhooks/rest/webhook", "/actions", "/staff", "/.env"),
]


def test_every_setting_in_the_deployment_exists() -> None:
    for file in DEPLOY.iterdir():
        named = set(re.findall(r"SCHAKEL_[A-Z_]+[A-Z]", file.read_text(encoding="utf-8")))
        assert named - OWN <= set(environment_variables()), file


def test_compose_and_kubernetes_are_yaml_with_the_parts_that_belong_there() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yml").read_text())
    assert set(compose["services"]) == {"train", "assistant", "desk", "nginx", "postgres", "redis"}
    assert "ports" not in compose["services"]["assistant"]  # only nginx is reached from outside
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes.yml").read_text()))
    assert {document["kind"] for document in documents} >= {"Deployment", "Service", "Ingress", "NetworkPolicy"}
    ways_in = [rule for document in documents if document["kind"] == "Ingress" for rule in document["spec"]["rules"]]
    paths = [path["path"] for rule in ways_in for path in rule["http"]["paths"]]
    for _, public in PUBLIC:
        own = public in ("/", "/demo/demo.css")  # the demo shop stays inside
        assert own or any(public == path or public.startswith(path + "/") for path in paths), public


def test_dashboard_and_alerts_ask_for_metrics_that_exist() -> None:
    known = {sample for metric in REGISTRY.collect() for sample in (metric.name,)}
    text = (DEPLOY / "grafana.json").read_text() + (DEPLOY / "alerts.yml").read_text()
    json.loads((DEPLOY / "grafana.json").read_text())
    for name in set(re.findall(r"schakel_[a-z_]+", text)):
        assert re.sub(r"_(total|bucket|sum|count)$", "", name) in known, name


class Upstream(http.server.BaseHTTPRequestHandler):
    """Says which path and headers arrived."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        body = json.dumps({"path": self.path, "headers": dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *arguments: Any) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a real nginx with our configuration and an upstream that tells what arrived."""
    program = shutil.which("nginx") or ("/usr/sbin/nginx" if Path("/usr/sbin/nginx").exists() else None)
    if program is None:
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail("nginx is not installed, and REQUIRE_SERVICES=1")
        pytest.skip("nginx is not installed (Debian's package nginx-light or nginx)")
    folder = tmp_path_factory.mktemp("nginx")
    upstream = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    port = free_port()
    values = {
        "SCHAKEL_LISTEN": f"127.0.0.1:{port}",
        "SCHAKEL_UPSTREAMS": f"server 127.0.0.1:{upstream.server_port};",
        "SCHAKEL_NGINX_DIR": str(folder),
        "SCHAKEL_ZONE_RATE": "2",  # a burst of 80 is for the other tests
    }
    configuration = folder / "nginx.conf"
    configuration.write_text(Template((DEPLOY / "nginx.conf.template").read_text()).safe_substitute(values))
    folder.chmod(0o755)
    process = subprocess.Popen(
        [program, "-c", str(configuration), "-p", str(folder), "-g", "daemon off;"], stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(process.stderr.read().decode() if process.stderr else "nginx ended")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
    yield port
    process.terminate()
    process.wait()
    upstream.shutdown()
    upstream.server_close()


def call(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> Tuple[int, Dict[str, Any]]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body or None, headers)
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    return reply.status, json.loads(content) if reply.status == 200 else {}


def test_public_paths_arrive_with_address_and_request_id(nginx: int) -> None:
    for method, path in PUBLIC:
        status, arrived = call(nginx, method, path, **{"X-Forwarded-For": "6.6.6.6"})
        assert status == 200, path
        assert arrived["path"] == path
        assert arrived["headers"]["X-Forwarded-For"] == "127.0.0.1"  # what the visitor claims is thrown away
        assert re.fullmatch(r"[0-9a-f]{32}", arrived["headers"]["X-Request-ID"])


def test_the_apps_may_bring_many_and_large_calls(nginx: int) -> None:
    calls = [call(nginx, "POST", "/webhooks/whatsapp/webhook", b"x" * 3_000_000)[0]]
    calls += [call(nginx, "POST", "/webhooks/telegram/webhook", b"{}")[0] for _ in range(120)]
    assert set(calls) == {200}
    assert call(nginx, "POST", "/webhooks/web/messages", b"x" * 65_537)[0] == 413


def test_everything_else_is_not_there(nginx: int) -> None:
    reached: List[str] = [path for path in PRIVATE if call(nginx, "GET", path)[0] != 404]
    assert reached == []


def test_bodies_above_64_kb_are_refused(nginx: int) -> None:
    assert call(nginx, "POST", "/webhooks/web/messages", b"x" * 65_000)[0] == 200
    assert call(nginx, "POST", "/webhooks/web/messages", b"x" * 70_000)[0] == 413


def test_one_address_cannot_ask_without_end(nginx: int) -> None:
    statuses = [call(nginx, "GET", "/widget.js")[0] for _ in range(200)]
    assert 429 in statuses
