"""A message names a command so that it can be pasted, however this was installed."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documentation.blocks import PAGES
from tests.support.modules import MODULES
from zendesk_source.command_line.parser import COMMANDS, parser_for
from zendesk_source.errors import as_typed

COMMAND = re.compile(r"zendesk-source ([a-z]+)((?: (?:--)?[\w<>.,/-]+)*)")


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


@pytest.mark.parametrize(
    ("text", "is_good"),
    [
        ("load --streams tickets does it", True),
        ("reset STREAM --drop-tables.", True),
        ("reset --drop-tables", False),
        ("load --no-such", False),
    ],
)
def test_a_command_that_cannot_be_typed_is_found(text: str, is_good: bool) -> None:
    assert list(mistyped(f"zendesk-source {text}")) == ([] if is_good else [text])


def test_every_command_that_a_message_or_a_page_names_can_be_typed() -> None:
    named = [text for path in MODULES.values() for text in said(path.read_text(encoding="utf-8"))]
    for page in PAGES:
        named += re.findall(r"`([^`]+)`", page.read_text(encoding="utf-8"))
    assert sum(map(len, map(COMMAND.findall, named))) > 50
    assert [wrong for text in named for wrong in mistyped(text)] == []


def said(source: str) -> Iterator[str]:
    """Yield the texts of Python source, with one word for each value that they are to hold."""
    tree = ast.parse(source)
    filled = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {part for node in filled for part in node.values}
    for node in filled:
        yield "".join(str(p.value) if isinstance(p, ast.Constant) else "7" for p in node.values)
    for each in ast.walk(tree):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and each not in parts:
            yield each.value


def mistyped(text: str) -> Iterator[str]:
    """Yield the commands in a text that are refused; words of prose may stand behind one."""
    for name, rest in COMMAND.findall(text):
        words = [word.strip("<>.,") for word in rest.split()]
        options = [place for place, word in enumerate(words, 1) if word.startswith("--")]
        ends = range(max(options, default=0), len(words) + 1)
        if name in COMMANDS and not any(is_understood(name, words[:end]) for end in ends):
            yield f"{name}{rest}"


def is_understood(name: str, words: list[str]) -> bool:
    try:
        parser_for(name).parse_args([name, *words])
    except SystemExit as end:
        return end.code == 0  # --help
    return True
