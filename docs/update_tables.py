"""Write the table of core streams in docs/tables.md anew from the catalogue.

.venv/bin/python docs/update_tables.py
"""

from __future__ import annotations

import re
from pathlib import Path

from zendesk_source.catalogue import STREAMS, Stream

PAGE = Path(__file__).resolve().parent / "tables.md"
BLOCK = re.compile(r"(?<=<!-- streams -->\n).*?(?=<!-- /streams -->)", re.DOTALL)


def streams_table() -> str:
    """Return the table: a line a stream that is read unless others are named."""
    core = (stream for stream in STREAMS if stream.is_core)
    lines = ["| table | filled with it | key | a later run | who may read it |"]
    lines += ["| --- | --- | --- | --- | --- |", *map(_line, core)]
    return "\n".join(lines) + "\n"


def updated(text: str) -> str:
    """Return the page with the table as it should be."""
    return BLOCK.sub(lambda found: streams_table(), text)


def _line(stream: Stream) -> str:
    sides = ", ".join(f"`{side.name}`" for side in stream.side_tables)
    keys = ", ".join(f"`{column}`" for column in stream.primary_key)
    later = "what changed" if stream.is_incremental else "all of it"
    who = stream.access + (f"; {stream.needs}" if stream.needs else "")
    return f"| [`{stream.name}`]({stream.docs}) | {sides} | {keys} | {later} | {who} |"


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
