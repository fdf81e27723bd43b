"""Calls that Meta did not sign are refused."""

from __future__ import annotations

import pytest

from channels.whatsapp.signature import challenge, is_signed

SECRET = "0123456789abcdef0123456789abcdef"
BODY = b'{"object":"whatsapp_business_account","text":"\\u00e9\\/"}'
# Made with: printf '%s' "$BODY" | openssl dgst -sha256 -hmac "$SECRET"
HEX = "1ade5b3ad4a1e9e1001bd5ccfeadd55a2dabd77fdcbdf3ca26e5987ca4f5d680"


def test_metas_signature_over_the_raw_body_is_right() -> None:
    assert is_signed(BODY, "sha256=" + HEX, SECRET)


def test_the_case_of_the_digits_does_not_matter() -> None:
    assert is_signed(BODY, "sha256=" + HEX.upper(), SECRET)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        HEX,
        "sha256=",
        "sha256=" + HEX[:-1],
        "sha256=" + HEX + "0",
        "sha256= " + HEX,
        "sha256=" + HEX + "\n",
        "sha1=" + HEX,
        "SHA256=" + HEX,
        "sha256=" + "0" * 64,
        "sha256=" + HEX[:-1] + "g",
        "sha256=" + "０" * 64,
        "sha256=" + HEX + ",sha256=" + HEX,
    ],
)
def test_any_other_header_is_refused(header: str) -> None:
    assert not is_signed(BODY, header, SECRET)


def test_a_changed_body_is_refused() -> None:
    for position in range(len(BODY)):
        changed = BODY[:position] + bytes([BODY[position] ^ 1]) + BODY[position + 1 :]
        assert not is_signed(changed, "sha256=" + HEX, SECRET)
    assert not is_signed(BODY + b" ", "sha256=" + HEX, SECRET)


def test_without_a_secret_nothing_is_signed() -> None:
    assert not is_signed(b"", "sha256=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad", "")


def test_the_handshake_gives_the_challenge_back_to_who_knows_the_token() -> None:
    assert challenge("subscribe", "geheim", "1158201444", "geheim") == "1158201444"


@pytest.mark.parametrize(
    ("mode", "token", "given", "expected"),
    [
        ("subscribe", "anders", "1158201444", "geheim"),
        ("subscribe", None, "1158201444", "geheim"),
        ("subscribe", "", "1158201444", ""),
        ("unsubscribe", "geheim", "1158201444", "geheim"),
        (None, "geheim", "1158201444", "geheim"),
        ("subscribe", "geheim", None, "geheim"),
        ("subscribe", "geheim", "<script>", "geheim"),
        ("subscribe", "geheim", "1" * 129, "geheim"),
        ("subscribe", "gehé", "1158201444", "geheim"),
    ],
)
def test_any_other_handshake_is_refused(mode: str, token: str, given: str, expected: str) -> None:
    assert challenge(mode, token, given, expected) is None
