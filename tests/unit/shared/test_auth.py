"""A token is verified once and believed until its end, no longer."""

import time
from datetime import timedelta

import pytest
from shared.auth import Authenticator, issue_token
from shared.errors import UnauthenticatedError

KEY = "a key that is long enough for a test of HS256"


def test_a_token_that_was_valid_is_refused_after_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    authenticator = Authenticator(KEY, "HS256")
    token = issue_token(KEY, "anna", ["sales"], timedelta(minutes=5))
    assert authenticator.claims(token) == ("anna", frozenset({"sales"}))
    now = time.time()
    monkeypatch.setattr("shared.auth.time.time", lambda: now + 301)
    with pytest.raises(UnauthenticatedError):
        authenticator.claims(token)


def test_a_token_that_another_installation_believes_is_refused_here() -> None:
    token = issue_token(KEY, "anna", ["sales"])
    assert Authenticator(KEY, "HS256").claims(token)
    with pytest.raises(UnauthenticatedError):
        Authenticator(KEY[::-1], "HS256").claims(token)
