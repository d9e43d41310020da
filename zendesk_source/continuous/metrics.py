"""The figures in the text format of Prometheus, version 0.0.4.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Literal

from zendesk_source.continuous.figures import Snapshot, StreamFigures

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "zendesk_source_"

Shown = Mapping[str, Snapshot]
Sample = tuple[Mapping[str, str], float]
"""Labels and a value."""

Kind = Literal["counter", "gauge"]
Value = Callable[[StreamFigures], float | None]

_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


def metrics_text(shown: Shown, now: datetime) -> str:
    """Return all figures as one text.

    Args:
        shown: The figures, by account; of a single one the name is empty, and no label.
        now: The current time, UTC.
    """
    return "".join([*_of_rounds(shown, now), *_of_streams(shown, now), *_of_rate_limits(shown)])


def _of_rounds(shown: Shown, now: datetime) -> Iterator[str]:
    def one(name: str, text: str, value: Callable[[Snapshot], float | None]) -> str:
        values = ((_of(account), value(each)) for account, each in shown.items())
        known = [(labels, found) for labels, found in values if found is not None]
        return _family(name, "gauge", text, known)

    outcomes = [
        ({**_of(account), "outcome": outcome}, count)
        for account, each in shown.items()
        for outcome, count in each.rounds.items()
    ]
    yield _family("rounds_total", "counter", "Rounds that have ended.", outcomes)
    yield one(
        "failed_rounds_in_a_row",
        "Rounds since the last one that read a stream.",
        lambda each: each.failures_in_a_row,
    )
    yield one("round_seconds", "Time the last round took.", lambda each: each.round_seconds)
    yield one(
        "healthy",
        "1 as long as it is not stale, else 0.",
        lambda each: each.status(now) != "stale",
    )
    yield one(
        "start_timestamp_seconds",
        "When the process began to load.",
        lambda each: each.started_at.timestamp(),
    )
    yield one(
        "last_success_timestamp_seconds",
        "When the last good round ended.",
        lambda each: None if each.last_good_at is None else each.last_good_at.timestamp(),
    )


def _of_streams(shown: Shown, now: datetime) -> Iterator[str]:
    streams = [
        ({**_of(account), "stream": name}, figures)
        for account, each in shown.items()
        for name, figures in each.streams.items()
    ]

    def one(name: str, kind: Kind, text: str, value: Value) -> str:
        values = ((labels, value(figures)) for labels, figures in streams)
        known = [(labels, found) for labels, found in values if found is not None]
        return _family(name, kind, text, known)

    def cost(name: str, text: str) -> str:
        return one(f"{name}_total", "counter", text, lambda each: getattr(each.usage, name))

    def lag(figures: StreamFigures) -> float | None:
        at = figures.complete_at
        return None if at is None else max(0.0, (now - at).total_seconds())

    rows = [
        ({**labels, "table": table}, count)
        for labels, figures in streams
        for table, count in figures.rows.items()
    ]
    yield _family("rows_total", "counter", "Rows written.", rows)
    yield cost("requests", "Requests sent, including failed ones.")
    yield cost("retries", "Requests repeated after a fault.")
    yield cost("rate_limited", "Answers 429.")
    yield cost("waited_seconds", "Time spent waiting for rate limits and between attempts.")
    text = "Rounds in which the stream failed."
    yield one("failures_total", "counter", text, lambda each: each.failures)
    text = "1 if the stream was read when it was last asked, else 0."
    yield one("stream_up", "gauge", text, lambda each: _is_read(each) if each.status else None)
    text = "Time since the last round began that read the stream to its end."
    yield one("lag_seconds", "gauge", text, lag)
    text = "Time of the newest row."
    yield one("newest_row_timestamp_seconds", "gauge", text, lambda each: each.newest)


def _of_rate_limits(shown: Shown) -> Iterator[str]:
    for name, what in {
        "requests": "Requests that Zendesk allows in a window.",
        "window_seconds": "Length of a window.",
        "used": "Requests of the window at the end of the last round, those of others included.",
    }.items():
        values = [
            ({**_of(account), "limit": limit}, getattr(use, name))
            for account, each in shown.items()
            for limit, use in each.rate_limits.items()
        ]
        yield _family(f"rate_limit_{name}", "gauge", what, values)


def _of(account: str) -> dict[str, str]:
    return {"account": account} if account else {}


def _is_read(one: StreamFigures) -> bool:
    return one.status in ("ok", "incomplete")


def _family(name: str, kind: Kind, text: str, samples: Iterable[Sample]) -> str:
    """Return the lines of one metric; those about it come even if it has no value yet."""
    lines = [f"# HELP {PREFIX}{name} {text}", f"# TYPE {PREFIX}{name} {kind}"]
    for labels, value in samples:
        inner = ",".join(f'{key}="{str(one).translate(_ESCAPES)}"' for key, one in labels.items())
        lines.append(f"{PREFIX}{name}{f'{{{inner}}}' if inner else ''} {_number(value)}")
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
