"""Write one HTML file about the loaded data: how support is doing, and how fresh the tables are."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dlt

from zendesk_source.errors import ConfigurationError
from zendesk_source.html_report.loaded import TableFacts, opened
from zendesk_source.html_report.page import page

WEEKS = 13
"""A quarter."""


def write_report(
    pipeline: dlt.Pipeline,
    file: Path,
    *,
    weeks: int = WEEKS,
    time_zone: str = "UTC",
    account: str = "",
    now: datetime | None = None,
    folder: Path | None = None,
) -> list[TableFacts]:
    """Write a page about what a pipeline has loaded.

    Args:
        pipeline: A pipeline into DuckDB or Postgres; it need not have run on this machine.
        file: Path of the page; an existing file is replaced.
        weeks: How many weeks to show, up to the newest day of the data.
        time_zone: Time zone of days and hours, such as ``Europe/Vienna``.
        account: Name of the account, if several share the dataset.
        now: When the page is made; now, when left out.
        folder: Where syncs from this machine work, if that is not the pipeline's own folder. Those
            that found nothing new may have left their part of the log beside it.

    Returns:
        Size and age of each table, largest first.

    Raises:
        ConfigurationError: There is no such dataset or time zone, or the file cannot be written.
    """
    if weeks < 1:
        raise ConfigurationError("At least one week must be shown.", "Leave --weeks out for 13.")
    with opened(pipeline, _zone(time_zone), weeks, account, folder) as loaded:
        text, facts = page(loaded, now or datetime.now(timezone.utc)), loaded.facts
    write_page(text, file)
    return facts


def write_page(text: str, file: Path) -> None:
    """Write a page, in place of one that is there.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"The page cannot be written to {file}: {error.strerror}.",
            "Name another file with --out.",
        ) from error


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"There is no time zone {name!r}.", "Write one such as Europe/Vienna."
        ) from error
