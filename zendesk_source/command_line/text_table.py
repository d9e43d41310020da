"""Tables as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


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
