"""Generated bodies, rightly signed: whatever stands in them, the answer is never a failure of ours."""

from __future__ import annotations

import asyncio
import copy
import json
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.store import Store
from channels.whatsapp.channel import WhatsApp
from channels.whatsapp.signature import sign
from tests.channels.fakes.generated import EXAMPLES, many
from tests.channels.fakes.graph import GraphApi
from tests.channels.fakes.running import Assistant
from tests.channels.whatsapp.conftest import settings

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=True)
    | st.text(max_size=30)
    | st.sampled_from(
        ["", "text", "interactive", "image", "31612345678", "NL.1", "wamid.1", "\ud800", "\x00", "a" * 5000]
    )
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
API = GraphApi(port=1, clock=lambda: 1_800_000_000.0)
AN = API.customer(user="NL.1")
RIGHT: List[Dict[str, Any]] = [
    AN.text("hoi"),
    AN.choice("token", "Ja"),
    AN.choice("token", "Een titel van een rij, lang"),
    AN.body({"type": "image", "image": {"id": "1", "mime_type": "image/jpeg", "caption": "wat is dit"}}),
    AN.body({"type": "audio", "audio": {"id": "1", "voice": True}}),
    AN.body({"type": "reaction", "reaction": {"message_id": "wamid.X", "emoji": "x"}}),
    AN.body({"type": "unsupported", "errors": [{"code": 131051, "title": "Unsupported"}]}),
    API.status("wamid.OUT", "failed", "NL.1", 131047),
]


def paths(value: Any, here: "tuple[Any, ...]" = ()) -> Iterator["tuple[Any, ...]"]:
    yield here
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths(inner, (*here, key))


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """A right body in which up to three things are replaced, taken out or repeated."""
    body: Any = copy.deepcopy(draw(st.sampled_from(RIGHT)))
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from(list(paths(body))))
        if not path:
            return draw(JSON)
        holder = body
        for key in path[:-1]:
            holder = holder[key]
        how = draw(st.sampled_from(["replace", "take out", "repeat", "text"]))
        if how == "replace":
            holder[path[-1]] = draw(JSON)
        elif how == "text":
            holder[path[-1]] = draw(st.text(max_size=60))
        elif how == "take out":
            del holder[path[-1]]
        elif isinstance(holder, list):
            holder.append(copy.deepcopy(holder[path[-1]]))
    return body


BODIES = (
    damaged().map(lambda body: json.dumps(body).encode())
    | st.binary(max_size=200)
    | JSON.map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
)


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WhatsApp]:
    environment = settings(tmp_path_factory.mktemp("generated"), API)
    patch = pytest.MonkeyPatch()
    patch.setattr("channels.service.STORE_SECONDS", 60.0)  # a busy machine is no database that is gone
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    found = WhatsApp(environment, Assistant(), API.clock, store=Store(environment.channels_database))
    found.loop = loop  # type: ignore[attr-defined]
    yield found
    loop.run_until_complete(found.service.stop())
    loop.close()
    asyncio.set_event_loop(None)
    patch.undo()


@pytest.mark.figures
@many
@given(body=BODIES)
def test_no_body_leads_to_a_failure(channel: WhatsApp, body: bytes) -> None:
    reply = channel.loop.run_until_complete(  # type: ignore[attr-defined]
        channel.receive(body, sign(body, API.app_secret))
    )
    assert reply.status in (200, 400)


@many
@given(
    body=st.binary(max_size=100),
    header=st.none() | st.text(max_size=80) | st.from_regex(r"sha256=[0-9a-f]{64}", fullmatch=True),
)
def test_no_other_signature_is_accepted(channel: WhatsApp, body: bytes, header: str) -> None:
    reply = channel.loop.run_until_complete(channel.receive(body, header))  # type: ignore[attr-defined]
    assert reply.status == 403


@pytest.mark.figures
def test_a_right_body_is_stored(channel: WhatsApp, tmp_path: Path) -> None:
    body = json.dumps(API.customer(user="NL.2").text("een gewone vraag")).encode()
    before = channel.service.inbox.waiting()
    channel.loop.run_until_complete(channel.receive(body, sign(body, API.app_secret)))  # type: ignore[attr-defined]
    assert channel.service.inbox.waiting() == before + 1
    print(f"whatsapp: {EXAMPLES} generated bodies without a 5xx")
