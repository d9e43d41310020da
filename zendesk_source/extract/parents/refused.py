"""Decide what happens to parents whose rows Zendesk refuses: they are named, and asked again later.

If the side conversations of one ticket are private, those of all others are still read. Its rows
from earlier stay loaded: a refusal does not say that they are gone.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from zendesk_source.errors import (
    Bug,
    NotOnThisPlan,
    RateLimited,
    ServerUnavailable,
    ZendeskError,
)

log = logging.getLogger("zendesk_source")

FIRST_WAIT_SECONDS = 20 * 3_600
"""A little less than a day, so that a daily sync asks daily."""

LONGEST_WAIT_SECONDS = 30 * 86_400

REFUSED_IN_A_ROW = 10
"""If so many refuse at the beginning and none answers, the stream is closed and not a parent."""

UNAVAILABLE_IN_A_ROW = 3
"""Each was tried for minutes. After so many Zendesk is down, and not a parent."""

MOST_REMEMBERED = 10_000
"""With more, the whole stream counts as refused: the role may see too little of it."""

MOST_NAMED = 5

GONE = "404"
_STATUS = re.compile(r"(?:answered|with) (\d{3})\b")
# What odd answers make of code that reads them.
_OF_ODD_ANSWERS: tuple[type[Exception], ...] = (ArithmeticError, AssertionError, AttributeError)
_OF_ODD_ANSWERS += (LookupError, RecursionError, TypeError, ValueError)

Refusal = tuple[str, int, int]
"""The answer, its time in epoch seconds, and how many times the parent has refused."""


class RefusedParents:
    """The parents of one stream that did not answer.

    Args:
        saved: Refusals by parent, as an earlier sync left them.
        has_answered: Whether any parent has ever answered.
    """

    def __init__(self, saved: Mapping[str, Any], *, has_answered: bool) -> None:
        self._refusals: dict[str, Refusal] = {key: tuple(each) for key, each in saved.items()}
        self._has_answered = has_answered
        self._in_a_row = self._unavailable_in_a_row = 0
        self._last: ZendeskError | None = None
        self._changed: dict[str, Refusal | None] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._refusals))

    def is_waiting(self, key: str, now: int) -> bool:
        """Whether it is too early to ask for a parent's rows again.

        Args:
            key: Key of the parent.
            now: Zendesk's time, epoch seconds.
        """
        refusal = self._refusals.get(key)
        if refusal is None:
            return False
        _, asked_at, times = refusal
        wait_seconds = min(FIRST_WAIT_SECONDS << min(times - 1, 10), LONGEST_WAIT_SECONDS)
        return now < asked_at + wait_seconds

    def add(self, key: str, error: Exception, now: int) -> None:
        """Note that a parent did not answer.

        Raises:
            Exception: The error itself, if it is not about this one parent.
        """
        told = error if isinstance(error, ZendeskError) else Bug(error)
        is_about_one = isinstance(error, (ZendeskError, *_OF_ODD_ANSWERS))
        if not is_about_one or told.stops_the_sync or isinstance(told, RateLimited):
            raise error
        is_down = isinstance(told, ServerUnavailable)
        self._unavailable_in_a_row = self._unavailable_in_a_row + 1 if is_down else 0
        self._in_a_row += 1
        self._last = told
        _, _, times = self._refusals.get(key, ("", 0, 0))
        self._refusals[key] = self._changed[key] = (_kind_of(told), now, times + 1)
        log.debug("a parent did not answer", exc_info=error)
        is_closed = not self._has_answered and self._in_a_row >= REFUSED_IN_A_ROW
        is_down = self._unavailable_in_a_row >= UNAVAILABLE_IN_A_ROW
        if is_closed or is_down or len(self._refusals) > MOST_REMEMBERED:
            raise error

    def answered(self, key: str) -> None:
        """Note that a parent has answered."""
        self._has_answered, self._in_a_row, self._unavailable_in_a_row = True, 0, 0
        self.forget(key)

    def forget(self, key: str) -> None:
        """Forget a parent that has answered or was deleted."""
        if self._refusals.pop(key, None) is not None:
            self._changed[key] = None

    def take_changed(self) -> dict[str, Refusal | None]:
        """Return what has changed since the last call; None for forgotten parents."""
        changed, self._changed = self._changed, {}
        return changed

    @property
    def has_answered(self) -> bool:
        """Whether any parent has ever answered."""
        return self._has_answered

    def check_any_answered(self) -> None:
        """Raise the last refusal if no parent has ever answered.

        Raises:
            ZendeskError: The last refusal.
        """
        gone = isinstance(self._last, NotOnThisPlan) and self._in_a_row < REFUSED_IN_A_ROW
        if self._last is not None and not self._has_answered and not gone:
            raise self._last


def told(refused: Mapping[str, Any], noun: str) -> Iterator[tuple[str, bool]]:
    """Yield what users should know of parents that did not answer.

    Args:
        refused: Refusals by parent, as in the state.
        noun: What one parent is called.

    Yields:
        A sentence or two, and whether rows are missing. A parent that is not found was most often
        deleted after it was listed; the next list will show that.
    """
    kinds = {key: str(refusal[0]) for key, refusal in refused.items()}
    missing = {key: kind for key, kind in kinds.items() if kind != GONE}
    gone = [key for key, kind in kinds.items() if kind == GONE]
    if missing:
        names = (f"{key} ({kind})" for key, kind in missing.items())
        yield (
            f"The rows of {_count(missing, noun)} could not be read: {_few(names, len(missing))}."
            " What was loaded of them before stays. They are asked again after a day, and later"
            " less often.",
            True,
        )
    if gone:
        yield (
            f"{_count(gone, noun)} answered 404, deleted meanwhile or hidden: "
            f"{_few(gone, len(gone))}.",
            False,
        )


def _count(parents: Any, noun: str) -> str:
    return f"1 {noun}" if len(parents) == 1 else f"{len(parents):,} {plural(noun)}"


def _few(names: Iterable[str], count: int) -> str:
    shown = [name for _, name in zip(range(MOST_NAMED), names, strict=False)]
    more = count - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def plural(noun: str) -> str:
    """Return the plural of what a parent is called."""
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def _kind_of(error: ZendeskError) -> str:
    """Return a short name for what a parent answered."""
    if isinstance(error, Bug):
        return error.what.rstrip(".")
    found = _STATUS.search(error.what)
    status = found.group(1) if found else type(error).__name__
    return GONE if isinstance(error, NotOnThisPlan) else status
