"""Write the reference part of docs/command_line.md anew from the commands themselves.

.venv/bin/python docs/update_command_line.py
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from zendesk_source.command_line.options import add_output_arguments
from zendesk_source.command_line.parser import COMMANDS, subcommand

PAGE = Path(__file__).resolve().parent / "command_line.md"
BLOCK = re.compile(r"(?<=<!-- commands -->\n).*?(?=<!-- /commands -->)", re.DOTALL)


def updated(text: str) -> str:
    """Return the page's text with the reference as it should be."""
    return BLOCK.sub(lambda found: "\n".join(_reference()) + "\n", text)


def _reference() -> Iterator[str]:
    for name in COMMANDS:
        module = subcommand(name)
        parser = argparse.ArgumentParser(prog=f"zendesk-source {name}", add_help=False)
        module.add_arguments(parser)
        yield f"\n## {name}\n"
        yield (module.__doc__ or "").strip().replace("exit codes:", "Exit codes:") + "\n"
        yield from _table(parser)
    parser = argparse.ArgumentParser(add_help=False)
    add_output_arguments(parser)
    yield "\n## Of every command\n"
    yield from _table(parser)


def _table(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield "| option | meaning |"
    yield "| --- | --- |"
    for action in parser._actions:
        names = ", ".join(action.option_strings) or _value(action)
        value = f" {_value(action)}" if action.option_strings and action.nargs != 0 else ""
        meaning = (action.help or "") % {"default": action.default}
        yield f"| `{names}{value}` | {meaning} |"


def _value(action: argparse.Action) -> str:
    if action.choices:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return str(action.metavar or action.dest.upper())


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
