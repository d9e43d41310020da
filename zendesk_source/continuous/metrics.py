"""The figures in the text format of Prometheus, version 0.0.4.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Literal

from zendesk_source.continuous.figures import Snapshot, StreamFigures

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "zendesk_source_"

Sample = tuple[Mapping[str, str], float]
"""Labels and a value."""

_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


def metrics_text(shown: Snapshot, now: datetime) -> str:
    """Return all figures as one text.

    Args:
        shown: The figures.
        now: The current time, UTC.
    """
    families = (*_of_rounds(shown, now), *_of_streams(shown, now), *_of_rate_limits(shown))
    return "".join(families)


def _of_rounds(shown: Snapshot, now: datetime) -> Iterator[str]:
    outcomes = [({"outcome": name}, count) for name, count in shown.rounds.items()]
    yield _family("rounds_total", "counter", "Rounds that have ended.", outcomes)
    yield _family(
        "failed_rounds_in_a_row",
        "gauge",
        "Rounds since the last one that read a stream.",
        [({}, shown.failures_in_a_row)],
    )
    yield _family(
        "round_seconds", "gauge", "Time the last round took.", [({}, shown.round_seconds)]
    )
    is_fresh = shown.status(now) != "stale"
    yield _family(
        "healthy", "gauge", "1 as long as /healthz answers 200, else 0.", [({}, is_fresh)]
    )
    yield _family(
        "start_timestamp_seconds",
        "gauge",
        "When the process began to load.",
        [({}, shown.started_at.timestamp())],
    )
    good = shown.last_good_at
    yield _family(
        "last_success_timestamp_seconds",
        "gauge",
        "When the last good round ended.",
        [] if good is None else [({}, good.timestamp())],
    )


def _of_streams(shown: Snapshot, now: datetime) -> Iterator[str]:
    streams = shown.streams

    def counted(name: str, text: str) -> str:
        values = [({"stream": key}, getattr(one.usage, name)) for key, one in streams.items()]
        return _family(f"{name}_total", "counter", text, values)

    rows = [
        ({"stream": name, "table": table}, count)
        for name, one in streams.items()
        for table, count in one.rows.items()
    ]
    yield _family("rows_total", "counter", "Rows written.", rows)
    yield counted("requests", "Requests sent, including failed ones.")
    yield counted("retries", "Requests repeated after a fault.")
    yield counted("rate_limited", "Answers 429.")
    yield counted("waited_seconds", "Time spent waiting for rate limits and between attempts.")
    failures = [({"stream": name}, one.failures) for name, one in streams.items()]
    yield _family("failures_total", "counter", "Rounds in which the stream failed.", failures)
    readable = [({"stream": name}, _is_read(one)) for name, one in streams.items() if one.status]
    yield _family(
        "stream_up", "gauge", "1 if the stream was read when it was last asked, else 0.", readable
    )
    lags = [
        ({"stream": name}, max(0.0, (now - one.complete_at).total_seconds()))
        for name, one in streams.items()
        if one.complete_at is not None
    ]
    text = "Time since the last round began that read the stream to its end."
    yield _family("lag_seconds", "gauge", text, lags)
    newest = [
        ({"stream": name}, one.newest) for name, one in streams.items() if one.newest is not None
    ]
    yield _family("newest_row_timestamp_seconds", "gauge", "Time of the newest row.", newest)


def _of_rate_limits(shown: Snapshot) -> Iterator[str]:
    for name, what in {
        "requests": "Requests that Zendesk allows in a window.",
        "window_seconds": "Length of a window.",
        "used": "Requests of the window at the end of the last round, those of others included.",
    }.items():
        values = [({"limit": key}, getattr(one, name)) for key, one in shown.rate_limits.items()]
        yield _family(f"rate_limit_{name}", "gauge", what, values)


def _is_read(one: StreamFigures) -> bool:
    return one.status in ("ok", "incomplete")


def _family(
    name: str, kind: Literal["counter", "gauge"], text: str, samples: Iterable[Sample]
) -> str:
    """Return the lines of one metric; those about it come even if it has no value yet."""
    lines = [f"# HELP {PREFIX}{name} {text}", f"# TYPE {PREFIX}{name} {kind}"]
    for labels, value in samples:
        inner = ",".join(f'{key}="{str(one).translate(_ESCAPES)}"' for key, one in labels.items())
        lines.append(f"{PREFIX}{name}{f'{{{inner}}}' if inner else ''} {_number(value)}")
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
