"""Write the tables of the catalogue in docs/tables.md and docs/destinations.md anew.

.venv/bin/python docs/update_tables.py
"""

from __future__ import annotations

import re
from pathlib import Path

from zendesk_source.catalogue import STREAMS, Stream, with_custom_field_rows

HERE = Path(__file__).resolve().parent
PAGES = (HERE / "tables.md", HERE / "destinations.md")


def streams_table() -> str:
    """Return the table: a line a stream that is read unless others are named."""
    core = (stream for stream in STREAMS if stream.is_core)
    lines = ["| table | filled with it | key | a later run | who may read it |"]
    lines += ["| --- | --- | --- | --- | --- |", *map(_line, core)]
    return "\n".join(lines) + "\n"


def sets_table() -> str:
    """Return the table: the tables of whose rows a page shows all of a parent."""
    lines = ["| table | parent | key |", "| --- | --- | --- |"]
    merged = (s for s in map(with_custom_field_rows, STREAMS) if s.write == "merge")
    lines += [
        f"| `{table.name}` | `{table.set_column}` | {_key(table.primary_key)} |"
        for stream in merged
        for table in stream.tables
        if table.set_column
    ]
    return "\n".join(lines) + "\n"


BLOCKS = {"streams": streams_table, "whole sets": sets_table}


def updated(text: str) -> str:
    """Return a page with its tables as they should be."""
    for name, table in BLOCKS.items():
        block = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", re.DOTALL)
        text = block.sub(lambda _, made=table: made(), text)  # type: ignore[misc]
    return text


def _line(stream: Stream) -> str:
    sides = ", ".join(f"`{side.name}`" for side in stream.side_tables)
    later = "what changed" if stream.is_incremental else "all of it"
    who = stream.access + (f"; {stream.needs}" if stream.needs else "")
    key = _key(stream.primary_key)
    return f"| [`{stream.name}`]({stream.docs}) | {sides} | {key} | {later} | {who} |"


def _key(columns: tuple[str, ...]) -> str:
    return ", ".join(f"`{column}`" for column in columns)


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(updated(page.read_text(encoding="utf-8")), encoding="utf-8")
