"""Logs: one JSON object a line on standard output, facts with ids only.

Never a payload, a name, an e-mail address, a postal or IP address, a query string or the text of an exception (drivers
quote values in theirs): an error is logged as its type and the places in the code that it passed.
"""

import logging
import sys
import traceback
from typing import Final, TextIO, cast

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

LOUD_LIBRARIES: Final = ("stripe", "httpx", "httpcore", "uvicorn.access", "aiosmtplib")
"""Libraries that repeat our own facts at INFO, or quote addresses and bodies."""


def configure_logs(stream: TextIO | None = None) -> None:
    """Send structlog's facts, and the warnings of libraries, to a stream as JSON lines; standard output when None."""
    target = stream or sys.stdout
    structlog.configure(
        processors=fact_processors(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            foreign_pre_chain=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
                _name_the_error,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in LOUD_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


def fact_processors() -> list[Processor]:
    """What a fact passes on its way to one line of JSON."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _name_the_error,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]


def silence_logs() -> None:
    """Log nothing but critical facts: for commands, whose answer is what they print."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def error_trace(error: BaseException) -> list[str]:
    """Where an error passed, outermost call first, each error of its chain by its type alone: no value is quoted."""
    lines: list[str] = []
    link: BaseException | None = error
    while link is not None and len(lines) < 200:  # noqa: PLR2004 - a chain that refers to itself must end
        lines.append(f"{type(link).__module__}.{type(link).__qualname__}")
        lines.extend(
            f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(link.__traceback__)
        )
        link = link.__cause__ or link.__context__
    return lines


def _name_the_error(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    given: object = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()[1]
    elif isinstance(given, tuple):
        given = cast("tuple[object, ...]", given)[1]
    if isinstance(given, BaseException):
        event["error"] = type(given).__name__
        event["trace"] = error_trace(given)
    return event
