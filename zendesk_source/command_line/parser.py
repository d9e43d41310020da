"""What may be typed: the subcommands, and the options of the chosen one.

Only the chosen subcommand's options are declared, so that help does not import the others.

A subcommand is a line in ``COMMANDS`` and the module of that name in ``commands``, which has
``add_arguments(parser)`` and ``run(options) -> int``; its docstring is what ``--help`` shows.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import NoReturn, Protocol, cast

from zendesk_source.command_line.options import add_output_arguments

COMMANDS = {
    "login": "log in once, with the browser",
    "check": "find out whether a load would work",
    "streams": "list what can be loaded",
    "sample": "show the first rows of a stream without loading it",
    "plan": "estimate how long and how large a first load is",
    "load": "bring the destination up to now",
    "status": "show how fresh each stream is at the destination",
    "reconcile": "prove that the tables are complete and current, or mend them",
    "reset": "let the next load read a stream from its beginning",
    "views": "make the tables of another connector, as views",
    "union": "put the tables of many accounts together",
    "report": "write a page of charts about what was loaded",
    "simulate": "serve a made-up Zendesk account on this machine",
}
"""Subcommands and their line in ``zendesk-source --help``, in its order."""

EXIT_CODES = """\
exit codes: 0 good, 1 failed, 2 a setting or an option is wrong, 3 Zendesk refused the
credentials, 130 and 143 stopped. A command's own --help lists any others."""


class Subcommand(Protocol):
    """A module of ``commands``."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's own options."""

    def run(self, options: argparse.Namespace) -> int:
        """Run the command and return its exit code."""


def parsed(arguments: Sequence[str]) -> argparse.Namespace | None:
    """Read what was typed; show the help and return None if that was nothing.

    Raises:
        SystemExit: Help was asked for, or there is no such command or option.
    """
    chosen = arguments[0] if arguments else ""
    parser = parser_for(chosen)
    if not arguments:
        parser.print_help(sys.stderr)
        return None
    if chosen not in COMMANDS and not chosen.startswith("-"):
        close = get_close_matches(chosen, COMMANDS, n=1)
        parser.error(
            f"there is no command {chosen!r}" + (f"; did you mean {close[0]}?" if close else "")
        )
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        parser.prog += f" {chosen}" * (chosen in COMMANDS)
        parser.error(f"{unknown[0]} is not understood")
    return options


def subcommand(name: str) -> Subcommand:
    """Import a subcommand."""
    return cast(Subcommand, import_module(f"{__package__}.commands.{name}"))


class _Paragraphs(argparse.HelpFormatter):
    """Wraps each paragraph of a text, and keeps paragraphs apart."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog)
        # argparse forgets the indent of commands, and gives a long one a line of its own.
        self._action_max_length = max(map(len, COMMANDS)) + 4

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        filled = (
            super(_Paragraphs, self)._fill_text(part, width, indent) for part in text.split("\n\n")
        )
        return "\n\n".join(filled)


class _Parser(argparse.ArgumentParser):
    """Says in two lines what is wrong; argparse would list every option."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}\nSee `{self.prog} --help`.\n")


def parser_for(chosen: str) -> argparse.ArgumentParser:
    """Return the parser of the command line, with the options of the chosen subcommand only."""
    parser = _Parser(
        prog="zendesk-source",
        description="Copy a company's Zendesk into DuckDB or any other dlt destination.",
        epilog=EXIT_CODES,
        formatter_class=_Paragraphs,
    )
    parser.add_argument(
        "--version", action=_ShowVersion, nargs=0, help="print the version and exit"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, line in COMMANDS.items():
        below = commands.add_parser(name, help=line, formatter_class=_Paragraphs)
        if name == chosen:
            module = subcommand(name)
            below.description = module.__doc__
            module.add_arguments(below)
            add_output_arguments(below)
    return parser


class _ShowVersion(argparse.Action):
    """Looks the version up only on request: the look-up costs as much as all the rest."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib import metadata

        sys.stdout.write(metadata.version("zendesk-source") + "\n")
        parser.exit()
