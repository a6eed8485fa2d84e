"""Logs: JSON lines with facts, and errors without the values that they quote."""

import json
import logging
from io import StringIO
from typing import Any

import structlog

from vivr.logs import configure_logs, error_trace


def lines_of(stream: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_fact_is_one_line_with_its_time_and_its_request() -> None:
    stream = StringIO()
    configure_logs(stream)
    with structlog.contextvars.bound_contextvars(request_id="req_1"):
        structlog.stdlib.get_logger("test").info("order.placed", order="ord_1")
    (line,) = lines_of(stream)
    assert line.pop("at").endswith("Z")
    assert line == {"event": "order.placed", "order": "ord_1", "level": "info", "request_id": "req_1"}


def test_an_error_is_logged_by_its_type_and_its_places() -> None:
    stream = StringIO()
    configure_logs(stream)
    try:
        _fail("anna@example.com")
    except RuntimeError:
        structlog.stdlib.get_logger("test").exception("job.failed")
        logging.getLogger("some.library").exception("it failed")
    ours, theirs = lines_of(stream)
    for line in (ours, theirs):
        assert line["error"] == "RuntimeError"
        assert [place for place in line["trace"] if place.endswith("in _fail")]
        assert "builtins.KeyError" in line["trace"]
    assert (ours["event"], theirs["event"], theirs["logger"]) == ("job.failed", "it failed", "some.library")
    assert "anna" not in stream.getvalue()


def test_what_libraries_say_in_passing_is_left_out() -> None:
    stream = StringIO()
    configure_logs(stream)
    logging.getLogger("httpx").info("HTTP Request: GET http://127.0.0.1/?secret=1")
    logging.getLogger("stripe").info("Request to Stripe api")
    assert stream.getvalue() == ""


def test_a_chain_that_refers_to_itself_ends() -> None:
    first, second = ValueError(), TypeError()
    first.__cause__, second.__cause__ = second, first
    assert len(error_trace(first)) == 200


def _fail(value: str) -> None:
    try:
        {}[value]
    except KeyError as error:
        raise RuntimeError(value) from error
