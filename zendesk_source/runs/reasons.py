"""Why streams were not read: one line for all that have the same reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from zendesk_source.account.stream_run import StreamRun

MOST_NAMED = 12
_GROUPED = ("skipped", "failed", "closed")
_WHERE = re.compile(r"^\S+ \(/[^)]*\):? ")
_REFUSED = re.compile(r"^answered 403(?: (\w+))?\b")

Told = tuple[str, str, str]
"""A stream, how it ended, and why."""


def notes_of(runs: Mapping[str, StreamRun]) -> list[str]:
    """Return what went wrong in a sync: a line for each stream, or for all that share a reason.

    Args:
        runs: What was done with each stream, by name.
    """
    noted = [
        (name, "note" if run.status == "ok" else run.status, run.reason)
        for name, run in runs.items()
        if run.reason
    ]
    was_any_read = any(run.was_read for run in runs.values())
    lines = lines_of(noted, was_any_read=was_any_read)
    if unfinished := [name for name, run in runs.items() if not run.is_at_end]:
        lines.append(f"not at the end yet: {', '.join(unfinished)}; the next run goes on.")
    return lines


def lines_of(told: Iterable[Told], *, was_any_read: bool) -> list[str]:
    """Return a line for each stream, or for several that ended for the same reason.

    Args:
        told: Streams that have a reason.
        was_any_read: Whether any other stream could be read. If none could, the account or the
            network may be the cause, and one line says so in place of a remedy for each stream.
    """
    return [
        f"{status}: {few(names)}: {reason}"
        for names, status, reason in grouped(told, was_any_read=was_any_read)
    ]


def grouped(told: Iterable[Told], *, was_any_read: bool) -> list[tuple[list[str], str, str]]:
    """Put streams together that ended for the same reason.

    Args:
        told: Streams that have a reason.
        was_any_read: Whether any other stream could be read.

    Returns:
        Their names, how they ended, and why. For several streams the reason names no path.
    """
    told = list(told)
    if not was_any_read and (reason := _nothing_at_all(told)):
        return [([name for name, _, _ in told], told[0][1], reason)]
    groups: dict[tuple[str, str], list[Told]] = {}
    for name, status, reason in told:
        about = _WHERE.sub("", reason) if status.startswith(_GROUPED) else f"{name} {reason}"
        groups.setdefault((status, about), []).append((name, status, reason))
    return [
        ([name for name, _, _ in group], status, about if len(group) > 1 else group[0][2])
        for (status, about), group in groups.items()
    ]


def _nothing_at_all(told: Sequence[Told]) -> str:
    """Return what it means that all of several streams are refused; empty if they are not."""
    answers = [_REFUSED.match(_WHERE.sub("", reason)) for _, _, reason in told]
    names = {answer[1] or "" for answer in answers if answer}
    if len(told) < 2 or not all(answers):
        return ""
    named = f" {'/'.join(sorted(filter(None, names)))}" if any(names) else ""
    return (
        f"nothing at all may be read: every stream answered 403{named}. The cause may be the"
        " account or the network rather than a role: a trial or subscription that has ended, an"
        " allow-list of addresses without this machine's (Admin Center, Account, Security), a proxy"
        " in between, or an outage (https://status.zendesk.com)."
    )


def few(names: Sequence[str]) -> str:
    """Return names as a text; of many, the first few and the number of the rest."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
