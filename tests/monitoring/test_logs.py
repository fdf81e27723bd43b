"""Logs are JSON, carry the request id and no contact details."""

from __future__ import annotations

import json
import logging
import sys

from monitoring import request_id
from monitoring.logs import JsonFormatter, configuration, without_contacts


def test_contact_details_are_masked_and_times_and_addresses_are_not() -> None:
    text = "mail jan.de-boer@voorbeeld.nl of bel 06-12 34 56 78, +32 470 12 34 56 om 12:30:45 op 2026-11-22"
    assert without_contacts(text) == "mail *** of bel ***, *** om 12:30:45 op 2026-11-22"
    assert without_contacts("http://127.0.0.1:5055/webhook after 20000 ms") == (
        "http://127.0.0.1:5055/webhook after 20000 ms"
    )


def test_a_line_is_json_with_the_request_id_and_a_masked_trace() -> None:
    number = request_id.begin("abcdef123456")
    try:
        raise ValueError("0612345678 is no order number")
    except ValueError:
        record = logging.LogRecord(
            "channels.web", logging.ERROR, __file__, 1, "\x1b[1mFrom\x1b[0m %s.", ("piet@winkel.nl",), sys.exc_info()
        )
    line = json.loads(JsonFormatter().format(record))
    assert line["request"] == number == "abcdef123456"
    assert line["message"] == "From ***."
    assert line["level"] == "ERROR"
    assert "0612345678" not in line["error"]
    assert "ValueError: *** is no order number" in line["error"]


def test_an_id_from_outside_is_only_taken_over_when_it_looks_like_one() -> None:
    assert request_id.begin("0123456789-abcd") == "0123456789-abcd"
    assert request_id.begin('x"\n{"level": "ERROR"}') != 'x"\n{"level": "ERROR"}'
    assert len(request_id.begin()) == 16


def test_libraries_that_log_requests_are_quiet() -> None:
    loggers = configuration()["loggers"]
    assert loggers["sanic.access"]["level"] == "WARNING"


def test_the_answer_to_a_message_has_the_id_of_the_request_that_brought_it_and_the_next_one_its_own() -> None:
    request_id.arrive("0123456789-abcd")
    assert request_id.current() == "0123456789-abcd"
    assert request_id.begin_turn() == "0123456789-abcd"
    assert request_id.begin_turn() != "0123456789-abcd"
    request_id.arrive("")
    brought = request_id.current()
    assert len(brought) == 16
    assert request_id.begin_turn() == brought
