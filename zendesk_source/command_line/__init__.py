"""``zendesk-source``: one command, a module a subcommand.

A subcommand is a line in ``COMMANDS`` and the module of its name in ``commands``, which has
``add_arguments(parser)`` and ``run(options) -> int``; its docstring is what ``--help`` shows.
Only the module of the chosen one is imported, and dlt only by those that need it when they run.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import NoReturn, Protocol, cast

from zendesk_source.command_line.output import STOPPED, log, logging_to_stderr
from zendesk_source.errors import ZendeskError
from zendesk_source.login.redaction import without_secrets

COMMANDS = {
    "login": "log in with the browser, once",
    "check": "say whether a load would work",
    "streams": "list what can be loaded",
    "sample": "show the first rows of a stream without loading it",
    "plan": "estimate what a first load takes",
    "load": "bring the destination up to now",
    "status": "say how fresh each stream is, from the destination",
    "reset": "let the next load read a stream from its beginning",
    "report": "write a page of charts about what was loaded",
    "simulate": "serve a made-up Zendesk account on this machine",
}
"""Subcommands and their line in ``zendesk-source --help``, in its order."""

EXIT_CODES = """\
exit codes: 0 good, 1 failed, 2 a setting or an option is wrong, 3 Zendesk refused the
credentials, 130 and 143 stopped; what else a command returns, its own --help says."""


class Subcommand(Protocol):
    """A module of ``commands``."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's own options."""

    def run(self, options: argparse.Namespace) -> int:
        """Do it; returns the exit code."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand and return its exit code."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    chosen = arguments[0] if arguments else ""
    parser = parser_for(chosen)
    if not arguments:
        parser.print_help(sys.stderr)
        return 2
    if chosen not in COMMANDS and not chosen.startswith("-"):
        close = get_close_matches(chosen, COMMANDS, n=1)
        parser.error(
            f"there is no command {chosen!r}" + (f"; did you mean {close[0]}?" if close else "")
        )
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        parser.prog += f" {chosen}" * (chosen in COMMANDS)
        parser.error(f"{unknown[0]} is not understood")
    return ended(subcommand(options.command).run, options)


def ended(run: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Run a command; whatever ends it becomes a message and an exit code.

    Args:
        run: Does it and returns the exit code.
        options: With those of ``add_output_arguments``.
    """
    with logging_to_stderr(options.log_format, is_quiet=options.quiet, is_verbose=options.verbose):
        return _ended(run, options)


def _ended(run: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    try:
        code = run(options)
        sys.stdout.flush()
    except ZendeskError as error:
        # How it came about is dlt's and the destination's affair, and long.
        log.debug("It came about so:", exc_info=error.__context__ or error)
        log.error(str(error), extra={"fields": {"error": type(error).__name__}})
        return error.exit_code
    except KeyboardInterrupt as stop:
        is_load = getattr(options, "command", "load") == "load"  # the script has no commands
        log.info(STOPPED if is_load else "Stopped.")
        return 128 + int(getattr(stop, "signal_code", signal.SIGINT))
    except BrokenPipeError:
        # Whoever read our output has seen enough; what was to be loaded is loaded.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:  # noqa: BLE001 (the last resort: say what to do with the traceback)
        is_json = options.log_format == "json"
        how = without_secrets(traceback.format_exc())
        fields = {"traceback": how} if is_json else {}
        if not is_json:
            sys.stderr.write(how)
        log.error(
            "This is a bug in zendesk_source; what was loaded is complete. Please report it with"
            f" the {'traceback' if is_json else 'lines above'}, after looking for anything that is"
            " not public.",
            extra={"fields": fields},
        )
        return 1
    return code


def subcommand(name: str) -> Subcommand:
    """Import a subcommand."""
    return cast(Subcommand, import_module(f"{__name__}.commands.{name}"))


class _Paragraphs(argparse.HelpFormatter):
    """Fits paragraphs to the terminal's width, and keeps them apart."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        filled = (
            super(_Paragraphs, self)._fill_text(part, width, indent) for part in text.split("\n\n")
        )
        return "\n\n".join(filled)


class _Parser(argparse.ArgumentParser):
    """Says in two lines what is wrong, where argparse would show all options there are."""

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
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help="show it and exit")
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
    """Looks the version up when it is asked for: that costs as much as all the rest."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib import metadata

        parser.exit(message=metadata.version("zendesk-source") + "\n")


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that every command has."""
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="data on stdout as one JSON document")
    output.add_argument("--quiet", action="store_true", help="say nothing but errors")
    output.add_argument(
        "--verbose", action="store_true", help="say how an error came about, with tracebacks"
    )
    output.add_argument(
        "--log-format",
        choices=("text", "json"),
        default="text",
        help="json: each line on stderr is a JSON object (default: text)",
    )
