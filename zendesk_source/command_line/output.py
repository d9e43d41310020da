"""What goes where: data on stdout, logs on stderr; coloured on a terminal, plain elsewhere."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from typing import Any, Literal

from zendesk_source.login.redaction import without_known_secrets, without_secrets

log = logging.getLogger("zendesk_source")
"""Messages beside a command's data; ``extra={"fields": {...}}`` adds keys to the JSON line."""


STOPPED = "Stopped. What was loaded is complete; start again to go on."

_STYLES = {"failed": "red", "skipped": "yellow", "incomplete": "yellow", "unfinished": "yellow"}
_GAP = 2
"""Blanks between two columns."""


@contextmanager
def logging_to_stderr(
    log_format: str, *, is_quiet: bool, is_verbose: bool = False
) -> Iterator[None]:
    """Write log lines to stderr while a command runs.

    Args:
        log_format: ``text`` or ``json``.
        is_quiet: Write errors only.
        is_verbose: Write debug lines and tracebacks, too; it wins over ``is_quiet``.
    """
    handler = StderrHandler(logging.ERROR if is_quiet and not is_verbose else logging.DEBUG)
    handler.setFormatter(JsonLines() if log_format == "json" else TextLines())
    before = log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(logging.DEBUG if is_verbose else logging.INFO)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.level, log.propagate = before


class StderrHandler(logging.Handler):
    """Writes to the current stderr, which a live display replaces while it is shown."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line; go on if nobody reads stderr any more."""
        with suppress(OSError):
            print(self.format(record), file=sys.stderr)


class TextLines(logging.Formatter):
    """Formats ``error: what happened``; lines that only inform have no prefix."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a debug line is followed by its traceback, if it has one."""
        text = without_known_secrets(record.getMessage())
        if record.levelno > logging.INFO:
            return f"{record.levelname.lower()}: {text}"
        return f"{text}\n{_traceback(record)}".rstrip()


class JsonLines(logging.Formatter):
    """Formats each line as a JSON object: time, level, message, and further fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        moment = datetime.fromtimestamp(record.created, timezone.utc)
        line = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_known_secrets(record.getMessage()),
            **({"traceback": text} if (text := _traceback(record)) else {}),
            **getattr(record, "fields", {}),
        }
        return json.dumps(line)


def _traceback(record: logging.LogRecord) -> str:
    """Return the traceback of a debug line; those of other lines, which are dlt's, are noise."""
    error = record.exc_info[1] if record.exc_info else None
    if record.levelno > logging.DEBUG or error is None:
        return ""
    return without_secrets("".join(traceback.format_exception(error)).rstrip())


def print_json(document: Any) -> None:
    """Write the one JSON document of a command."""
    print(json.dumps(document, indent=2))


def print_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    left_columns: int = 1,
    needed_columns: int | None = None,
) -> None:
    """Write a table: with colours on a terminal, as plain text elsewhere.

    Args:
        headings: Headings of the columns.
        rows: The cells of each row.
        left_columns: How many columns hold text; the others hold numbers.
        needed_columns: How many columns a terminal shows in any case. It shows a further one if
            that is not empty and fits on the line. Without a number all are shown, and the last
            one is folded.
    """
    if not sys.stdout.isatty():
        print(table_text(headings, rows, left_columns=left_columns))
        return
    # Imported for people only: a program that reads us need not wait for it.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console, rows = Console(), list(rows)
    columns = list(zip(headings, *rows, strict=True))
    shown = list(range(len(headings)))
    if needed_columns is not None:
        widths = [max(map(len, column)) for column in columns]
        shown = [i for i in shown if i < needed_columns or any(columns[i][1:])]
        while len(shown) > needed_columns and _width(widths, shown) > console.width:
            shown.pop()
        console.width = max(console.width, _width(widths, shown))  # the terminal breaks the lines
    table = Table(box=None, header_style="bold", padding=(0, _GAP, 0, 0), pad_edge=False)
    for i in shown:
        is_folded = needed_columns is None and i == shown[-1]
        side: Literal["left", "right"] = "left" if i < left_columns else "right"
        table.add_column(headings[i], justify=side, no_wrap=not is_folded)
    for row in rows:
        table.add_row(*(Text(row[i], style=_STYLES.get(row[i], "")) for i in shown))
    console.print(table)


def table_text(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, left_columns: int = 1
) -> str:
    """Return a plain text table: the first columns to the left, numbers to the right."""
    rows = [headings, *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(headings))]
    lines = [
        "  ".join(
            cell.ljust(width) if i < left_columns else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _width(widths: Sequence[int], columns: Sequence[int]) -> int:
    return sum(widths[i] for i in columns) + _GAP * (len(columns) - 1)


def print_lines(*lines: str) -> None:
    """Write lines to stdout."""
    print(*lines, sep="\n")


def print_facts(facts: Mapping[str, str]) -> None:
    """Write a line for each name and its text."""
    width = max(map(len, facts))
    if not sys.stdout.isatty():
        print_lines(*(f"{name:<{width}}  {text}".rstrip() for name, text in facts.items()))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in facts.items():
        table.add_row(Text(name, style="bold"), Text(text))
    Console().print(table)
