"""The settings of the tap: which of them are a way to log in, and where they come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from zendesk_source.settings.credentials import ApiToken, OAuthClient, OAuthToken, RefreshToken
from zendesk_source.singer.config import read_config

SECRET = "a-secret-of-forty-letters"


def written(path: Path, **settings: Any) -> str:
    path.write_text(json.dumps(settings))
    return str(path)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"client_id": "etl", "client_secret": SECRET}, OAuthClient),
        ({"client_id": "etl", "token_file": "tokens.json"}, RefreshToken),
        ({"access_token": SECRET}, OAuthToken),
        ({"email": "a@example.com", "api_token": SECRET}, ApiToken),
        ({"email": "a@example.com", "api_token": SECRET, "client_id": "half"}, ApiToken),
    ],
)
def test_the_first_way_to_log_in_that_is_complete_is_taken(
    tmp_path: Path, settings: dict[str, Any], kind: type
) -> None:
    config = read_config([written(tmp_path / "config.json", subdomain="acme", **settings)])
    assert type(config.credentials) is kind
    assert SECRET not in repr(config)


def test_a_later_file_and_the_environment_override_an_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = written(tmp_path / "a.json", subdomain="acme", access_token=SECRET, start_date="2020")
    second = written(tmp_path / "b.json", start_date="2024-01-01", rate_limit_share="0.5")
    monkeypatch.setenv("TAP_ZENDESK_SOURCE_SUBDOMAIN", "globex")
    monkeypatch.setenv("TAP_ZENDESK_SOURCE_EMIT_ACTIVATE_VERSION_MESSAGES", "false")
    config = read_config([first, second, "ENV"])
    assert config.credentials.subdomain == "globex"
    assert (config.start_date, config.options.rate_limit_share) == ("2024-01-01", 0.5)
    assert not config.tells_versions
