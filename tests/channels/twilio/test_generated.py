"""Generated forms, rightly signed: whatever stands in them, the answer is never a failure of ours."""

from __future__ import annotations

import asyncio
from typing import Dict, Iterator, List
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.store import Store
from channels.twilio.channel import Twilio, read_fields
from channels.twilio.signature import sign
from tests.channels.fakes.generated import EXAMPLES, many
from tests.channels.fakes.running import Assistant
from tests.channels.fakes.twilio import TwilioApi
from tests.channels.twilio.conftest import OUTSIDE, settings

API = TwilioApi(port=1)
RIGHT = API.message("+31612345678", "hoi")
STATUS = {**RIGHT, "MessageStatus": "failed", "ErrorCode": "63016", "From": API.sender}
VALUES = st.text(max_size=50) | st.sampled_from(["2", "", "\x00", "whatsapp:NL.1", "image/png", "a" * 3000])
NAMES = st.sampled_from([*STATUS, "MediaContentType0", "ButtonText"]) | st.text(max_size=8)


@st.composite
def forms(draw: st.DrawFn) -> bytes:
    fields: Dict[str, str] = dict(draw(st.sampled_from([RIGHT, STATUS])))
    fields.update(draw(st.dictionaries(NAMES, VALUES, max_size=3)))
    for name in draw(st.lists(st.sampled_from(sorted(RIGHT)), max_size=1)):
        fields.pop(name, None)
    pairs: List[tuple[str, str]] = [*fields.items(), *draw(st.lists(st.tuples(NAMES, VALUES), max_size=2))]
    return urlencode(pairs).encode()


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twilio]:
    environment = settings(tmp_path_factory.mktemp("generated"), API)
    patch = pytest.MonkeyPatch()
    patch.setattr("channels.service.STORE_SECONDS", 60.0)  # a busy machine is no database that is gone
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    found = Twilio(environment, Assistant(), store=Store(environment.channels_database))
    found.loop = loop  # type: ignore[attr-defined]
    yield found
    loop.run_until_complete(found.service.stop())
    loop.close()
    asyncio.set_event_loop(None)
    patch.undo()


@pytest.mark.figures
@many
@given(
    body=forms() | st.binary(max_size=100),
    path=st.sampled_from(["/webhook", "/status"]),
    query=st.sampled_from(["", "a=b", "%00"]),
)
def test_no_form_leads_to_a_failure(channel: Twilio, body: bytes, path: str, query: str) -> None:
    fields = read_fields(body)
    address = f"{OUTSIDE}/webhooks/twilio{path}" + (f"?{query}" if query else "")
    signature = sign(address, fields, API.auth_token) if fields is not None else "x"
    reply = channel.loop.run_until_complete(  # type: ignore[attr-defined]
        channel.receive(path, query, body, signature)
    )
    assert reply.status == (200 if fields is not None else 400)


@many
@given(body=forms(), header=st.none() | st.text(max_size=40) | st.from_regex(r"[A-Za-z0-9+/]{27}=", fullmatch=True))
def test_no_other_signature_is_accepted(channel: Twilio, body: bytes, header: str) -> None:
    reply = channel.loop.run_until_complete(channel.receive("/webhook", "", body, header))  # type: ignore[attr-defined]
    assert reply.status in (400, 403)


@pytest.mark.figures
def test_a_right_form_is_stored(channel: Twilio) -> None:
    fields = API.message("+31687654321", "een gewone vraag")
    signature = API.sign(list(fields.items()), OUTSIDE + "/webhooks/twilio/webhook")
    before = channel.service.inbox.waiting()
    channel.loop.run_until_complete(  # type: ignore[attr-defined]
        channel.receive("/webhook", "", urlencode(fields).encode(), signature)
    )
    assert channel.service.inbox.waiting() == before + 1
    print(f"twilio: {EXAMPLES} generated forms without a 5xx")
