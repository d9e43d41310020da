"""Whatever is typed wrong: what happened, what to do, the right exit code, and nothing is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_mistakes import MISTAKES, Mistake
from zendesk_source.api.clock import SystemClock
from zendesk_source.command_line import main


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
