"""Logs tell where a thing failed, never what was in it."""

import json

import pytest
import structlog
from shared.logs import configure_logs


def test_the_text_of_an_exception_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("contacts")
    try:
        int("ada@example.org")
    except ValueError as error:
        structlog.stdlib.get_logger("test").error("request_failed", exc_info=error)
    structlog.reset_defaults()
    line = json.loads(capsys.readouterr().err)
    assert line["exception"] == "ValueError"
    assert "test_the_text_of_an_exception" in line["at"][0]
    assert "ada@example.org" not in json.dumps(line)
