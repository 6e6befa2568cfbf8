"""Logs: structured, one line per command and message, ids only; JSON unless a person watches.

An exception is logged by its class and the places it passed: its text may quote a row or a body,
and those hold personal data.
"""

import logging
import sys
import traceback

import asyncpg
import structlog


def configure_logs(service: str) -> None:
    """Set up structlog for a process; every line carries the service and the bound context."""
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_values,
            _named(service),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.getLogger("aiokafka").setLevel(logging.ERROR)


def _named(service: str) -> structlog.typing.Processor:
    def add_service(
        _logger: object, _method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        event["service"] = service
        return event

    return add_service


def _without_values(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["exception"] = type(error).__name__
        event["at"] = [
            f"{frame.filename.rpartition('/site-packages/')[2]}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
        if isinstance(error, asyncpg.PostgresError):
            event["sqlstate"] = error.sqlstate
            event["constraint"] = getattr(error, "constraint_name", None)
    return event
