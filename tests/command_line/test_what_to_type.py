"""A message names a command so that it can be pasted, however this was installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from zendesk_source.errors import as_typed


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of commands of an environment that runs us, below the current folder."""
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    for name in ("python", "pip"):
        (folder / name).touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "elsewhere"))
    monkeypatch.chdir(tmp_path)
    return folder


def test_a_command_of_an_environment_that_is_not_active_is_named_with_its_path(
    environment, tmp_path, monkeypatch
) -> None:
    assert as_typed("pip") == str(Path(".venv/bin/pip"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert as_typed("pip") == str(environment / "pip")


def test_a_command_that_the_shell_finds_is_named_alone(environment, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(environment))
    assert as_typed("pip") == "pip"


def test_a_link_to_it_is_the_same_command(environment, tmp_path, monkeypatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "pip").symlink_to(environment / "pip")
    assert as_typed("pip") == "pip"


def test_another_command_of_that_name_is_not_taken_for_ours(environment, tmp_path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "pip").touch(mode=0o755)
    assert as_typed("pip") == str(Path(".venv/bin/pip"))


def test_a_command_that_the_environment_does_not_have_is_named_alone(environment) -> None:
    assert as_typed("dlt") == "dlt"
