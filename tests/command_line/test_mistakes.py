"""Whatever is typed wrong: what happened, what to do, the right exit code, and nothing is left."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.command_mistakes import MISTAKES, Mistake
from zendesk_source.api.clock import SystemClock
from zendesk_source.command_line import main
from zendesk_source.login.redaction import without_secrets


def ended(arguments: list[str]) -> int:
    try:
        return main(arguments)
    except SystemExit as stopped:  # argparse
        return int(str(stopped.code))


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda each: each.name or each.command)
def test_a_mistake_is_explained_and_leaves_nothing(
    mistake: Mistake, zendesk, own_dlt: Path, monkeypatch: pytest.MonkeyPatch, capfd
) -> None:
    monkeypatch.setattr(SystemClock, "sleep", lambda self, seconds: None)
    for name, value in mistake.env:
        monkeypatch.delenv(name)
        if value:
            monkeypatch.setenv(name, value)
    if mistake.prepare is not None:
        mistake.prepare(zendesk, own_dlt)
    before = sorted(own_dlt.rglob("*"))
    code = ended(mistake.command.split())
    printed = capfd.readouterr()
    text = printed.out + printed.err
    assert [word for word in mistake.words if word not in text] == [], text
    assert code == mistake.code
    assert "Traceback" not in text
    assert sorted(own_dlt.rglob("*")) == before


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_how_an_error_came_about_is_told_when_asked_and_without_secrets(
    log_format: str, monkeypatch: pytest.MonkeyPatch, capfd
) -> None:
    url = "postgresql://postgres:s3cr3t@127.0.0.1:9/test"
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", url)
    command = ["status", "--destination", "postgres", "--log-format", log_format]
    assert ended(command) == 2
    short = capfd.readouterr().err
    assert ended([*command, "--verbose"]) == 2
    long = capfd.readouterr().err
    assert "Traceback" not in short
    assert "Traceback" in long
    assert "OperationalError" in long
    lines = [re.sub(r'"time": "[^"]*"', "", text.splitlines()[-1]) for text in (short, long)]
    assert lines[0] == lines[1]
    assert "s3cr3t" not in long


def test_a_secret_that_a_library_quotes_is_taken_out() -> None:
    text = "Invalid header value b'Bearer abc.d-e\\n' of postgres://a:b@c/d?password=x&e"
    shown = without_secrets(text)
    assert [secret for secret in ("abc", "a:b", "=x") if secret in shown] == []
    assert "Invalid header value" in shown
