"""The log of syncs that wrote nothing, which waits beside the working folder for the next package.

A row in ``_zendesk_sync_log`` would cost such a sync more than all the rest of it, and take the
DuckDB file from those who read it. So it is written with the next package, at the latest by the
first sync that comes an hour later.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dlt
import orjson

from zendesk_source.destination.place import address_of, path_of

LONGEST_WAIT = timedelta(hours=1)
"""Who looks at the destination from elsewhere sees the last sync at most so late."""

_TIMES = ("started_at", "ended_at", "newest_at")

Row = dict[str, Any]


class WaitingLog:
    """Rows of the log that are not at the destination yet.

    Args:
        folder: dlt's working folder of the pipeline. The rows are beside it, because the folder is
            made anew when the destination turns out to be another one.
        place: Address and dataset; a pipeline may load into several by turns.
    """

    def __init__(self, folder: Path, place: str) -> None:
        self._file = folder.parent / f"{folder.name}.zendesk_sync_log.jsonl"
        self._place = place

    @classmethod
    def of(
        cls, pipeline: dlt.Pipeline, *, file: Path | None = None, folder: Path | None = None
    ) -> WaitingLog:
        """Return the rows that wait for a package of a pipeline.

        Args:
            pipeline: Its destination and dataset count.
            file: Its DuckDB file, if that is known; else it is looked up.
            folder: Its working folder, if the pipeline was made only to look.
        """
        file = file or path_of(pipeline)
        address = str(file.resolve()) if file is not None else address_of(pipeline)
        return cls(folder or Path(pipeline.working_dir), f"{address} {pipeline.dataset_name}")

    def rows(self) -> list[Row]:
        """Return the rows for this place, oldest first."""
        return list(self._rows())

    def is_due(self, now: datetime) -> bool:
        """Whether a row waits for too long, or since a time that is not over yet."""
        first = next(self._rows(), None)
        return first is not None and not timedelta(0) <= now - first["started_at"] < LONGEST_WAIT

    def add(self, rows: Iterable[Row]) -> None:
        """Let rows wait.

        Raises:
            OSError: They cannot be written.
        """
        lines = (orjson.dumps({"place": self._place, "row": row}) + b"\n" for row in rows)
        self._write(lines, os.O_APPEND)

    def forget(self) -> None:
        """Drop the rows for this place, which are at the destination now."""
        with suppress(OSError):
            lines = list(self._lines())
            others = [line for line in lines if line["place"] != self._place]
            if others:
                self._write((orjson.dumps(line) + b"\n" for line in others), os.O_TRUNC)
            elif lines:
                self._file.unlink()

    def _rows(self) -> Iterator[Row]:
        return (_with_times(each["row"]) for each in self._lines() if each["place"] == self._place)

    def _lines(self) -> Iterator[Mapping[str, Any]]:
        try:
            written = self._file.read_bytes()
        except OSError:
            return
        for line in written.splitlines():
            with suppress(ValueError):  # the disk was full
                found = orjson.loads(line)
                if isinstance(found, dict) and {"place", "row"} <= found.keys():
                    yield found

    def _write(self, lines: Iterable[bytes], how: int) -> None:
        opened = os.open(self._file, os.O_WRONLY | os.O_CREAT | how, 0o600)
        with os.fdopen(opened, "wb") as file:
            file.write(b"".join(lines))


def _with_times(row: Row) -> Row:
    return row | {n: datetime.fromisoformat(row[n]) for n in _TIMES if row.get(n) is not None}
