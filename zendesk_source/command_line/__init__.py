"""``zendesk-source``: one command, a module a subcommand.

``parser`` knows which subcommands there are and what may be typed, ``commands`` holds a module for
each of them, and ``ending`` turns whatever ends one into a message and an exit code. ``--help``
answers at once: only the chosen subcommand's module is imported, and dlt only when it runs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from zendesk_source.command_line.ending import ended
from zendesk_source.command_line.parser import parsed, subcommand


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand and return its exit code.

    Args:
        arguments: What was typed after ``zendesk-source``; the process's own when left out.

    Raises:
        SystemExit: Help was asked for, or an option is not understood.
    """
    options = parsed(sys.argv[1:] if arguments is None else list(arguments))
    return 2 if options is None else ended(subcommand(options.command).run, options)
