"""Check where an answer says to go on, before that becomes a position.

A place that Zendesk cannot mean ends the stream, and the place before it is kept. If a time in the
year 3000 were saved, for example, every later sync would ask from there and find nothing new.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from math import isfinite
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from zendesk_source.api.mending import REPLACEMENT
from zendesk_source.errors import UnexpectedAnswer

AHEAD_SECONDS = 3_600
"""How far a time may lie ahead of Zendesk's clock: its machines do not agree to the second."""

MOST_CURSOR_LETTERS = 4_096
"""Cursors are sent in an address. Recorded ones have fewer than 200 letters."""

LARGEST_ID = 2**63 - 1

_REMEDY = "The place before it is kept; run again later, and report it if it stays."


def checked_time(value: Any, key: str, where: str, server_time: datetime) -> int | None:
    """Return a time that an answer names as the place to go on from.

    Args:
        value: The time; None where the answer names none.
        key: Its key in the answer, for the message.
        where: The stream and its path, for the message.
        server_time: Zendesk's clock when it answered.

    Returns:
        Whole epoch seconds.

    Raises:
        UnexpectedAnswer: It is no number, or lies before 1970 or in the future.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UnexpectedAnswer(f"{where} gave `{key}` that is not a number.", _REMEDY)
    if not 0 <= value <= server_time.timestamp() + AHEAD_SECONDS:  # nor NaN
        raise UnexpectedAnswer(
            f"{where} gave `{key}` that is no time between 1970 and Zendesk's own clock.", _REMEDY
        )
    return int(value)


def checked_cursor(value: Any, key: str, where: str) -> str | None:
    """Return a cursor; None where there is none.

    Raises:
        UnexpectedAnswer: It is no text, does not fit an address, or had to be mended.
    """
    if value is None or value == "":
        return None
    if (
        not isinstance(value, str)
        or len(value) > MOST_CURSOR_LETTERS
        or not _is_unicode(value)
        or _is_mended(value)
    ):
        raise UnexpectedAnswer(f"{where} gave `{key}` that is no cursor.", _REMEDY)
    return value


def is_id(value: Any) -> bool:
    """Whether the next page can be asked for by this id."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LARGEST_ID


def query_of(link: Any, where: str) -> Mapping[str, str]:
    """Return the parameters of a link; nothing where there is no link.

    Raises:
        UnexpectedAnswer: It is a text, and no address.
    """
    if not isinstance(link, str):
        return {}
    try:
        return dict(parse_qsl(urlsplit(link).query))
    except ValueError:
        raise UnexpectedAnswer(f"{where} links to something that is no address.", _REMEDY) from None


def _is_mended(text: str) -> bool:
    """Whether a text was made by mending: it has U+FFFD, or is NaN or infinity."""
    try:
        return REPLACEMENT in text or not isfinite(float(text))
    except ValueError:
        return False


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
