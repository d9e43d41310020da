"""Decide which rows of a list a query asks for, and in which order, stream by stream."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from zendesk_source.catalogue import Stream
from zendesk_source.simulator.pages.answers import START_TIME_INVALID, Refusal, json_answer
from zendesk_source.simulator.store import Row, epoch_seconds

Query = Mapping[str, str]

# Recorded or documented; every other list is ordered by its key. "-" is newest first.
ORDER_BY = {
    "access_logs": ("timestamp", "id"),
    "audit_logs": ("-created_at", "id"),
    "automations": ("position", "id"),
    "email_notifications": ("-created_at", "notification_id"),
    "groups": ("name", "id"),
    "macros": ("title", "id"),
    "tags": ("-count", "name"),
    "ticket_activities": ("-created_at", "id"),
    "ticket_audits": ("created_at", "id"),
    "ticket_metric_events": ("time", "id"),
    "trigger_revisions": ("-created_at", "-id"),
    "triggers": ("position", "title", "id"),
    "views": ("created_at", "id"),
}
_SORTABLE = {
    "audit_logs": ("created_at",),
    "email_notifications": ("created_at", "updated_at"),
    **dict.fromkeys(("tickets", "users", "organizations"), ("updated_at", "id")),
    "deleted_tickets": ("deleted_at",),
    "deleted_users": ("updated_at",),
}
_COMPACT_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(T.*)")


@dataclass(frozen=True)
class TimeRange:
    """The time of the rows that a query asks for.

    Attributes:
        start: First epoch second.
        end: Epoch second behind the last one; None for no end.
        second_of: Returns the time of a row that counts.
    """

    start: int
    end: int | None
    second_of: Callable[[Row], int]

    def holds(self, row: Row) -> bool:
        """Whether the query asks for a row."""
        second = self.second_of(row)
        return second >= self.start and (self.end is None or second < self.end)


def order_of(
    stream: Stream, key: tuple[str, ...], query: Query, *, sorts: bool = True
) -> tuple[str, ...]:
    """Return the columns a list is ordered by.

    Args:
        stream: What is listed.
        key: Columns that identify a row.
        query: Parameters of the request.
        sorts: Whether an order that is asked for counts.
    """
    wish = query.get("sort", "")
    if "sort_by" in query:
        wish = ("-" if query.get("sort_order") == "desc" else "") + query["sort_by"]
    if sorts and wish.removeprefix("-") in _SORTABLE.get(stream.name, ()):
        return (wish, *key)
    return ORDER_BY.get(stream.name, key)


def sort_values(stream: Stream, row: Row, order: tuple[str, ...]) -> tuple[Any, ...]:
    """Return the sort key of a row; rows that were recorded long ago lack newer columns."""
    values: list[Any] = []
    for name in order:
        value = row.get(name.removeprefix("-"))
        if name.startswith("-"):
            value = -epoch_seconds(_spelled_out(value))  # ids are numbers, too
        elif value is None:
            value = 0 if stream.columns.get(name) == "bigint" else ""
        values.append(value)
    return tuple(values)


def _spelled_out(value: Any) -> Any:
    compact = _COMPACT_TIME.fullmatch(value) if isinstance(value, str) else None
    return "{}-{}-{}{}".format(*compact.groups()) if compact else value


def time_range(stream: Stream, query: Query, ratings_filter: str) -> TimeRange | None:
    """Return the time that a query asks for; None if it asks for all.

    Args:
        stream: What is listed.
        query: Parameters of the request.
        ratings_filter: Which time of a rating ``start_time`` looks at.

    Raises:
        Refusal: The filter is not one.
    """
    if stream.name == "audit_logs":
        return _audit_log_range(query)
    if stream.name == "access_logs":
        return _access_log_range(query)
    second_of: Callable[[Row], int]
    if stream.name == "csat_survey_responses":
        names, second_of = ("filter[created_at_start]", "filter[created_at_end]"), _answered
    elif stream.is_incremental:
        column = stream.cursor_field or "updated_at"
        column = ratings_filter if stream.name == "satisfaction_ratings" else column
        names, second_of = ("start_time", "end_time"), lambda row: epoch_seconds(row[column])
    else:
        return None
    start, end = _epoch(query.get(names[0])), _epoch(query.get(names[1]))
    if start is None and end is None:
        return None
    return TimeRange(start or 0, end, second_of)


def _audit_log_range(query: Query) -> TimeRange | None:
    wish = query.get("filter[created_at][]")
    if wish is None:
        return None
    times = [epoch_seconds(each) for each in wish.split(",")]
    if len(times) != 2:
        text = "filter[created_at] must be given twice"
        raise Refusal(json_answer(400, {"error": "InvalidValue", "description": text}))
    return TimeRange(times[0], times[1], lambda row: epoch_seconds(row["created_at"]))


def _access_log_range(query: Query) -> TimeRange | None:
    start, end = query.get("filter[start]"), query.get("filter[end]")
    if start is None and end is None:
        return None
    until = None if end is None else epoch_seconds(end)
    return TimeRange(epoch_seconds(start), until, lambda row: epoch_seconds(row["timestamp"]))


def _answered(row: Row) -> int:
    return min((epoch_seconds(each["created_at"]) for each in row["answers"] or ()), default=0)


def _epoch(text: str | None) -> int | None:
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise Refusal(START_TIME_INVALID) from None
