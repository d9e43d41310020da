"""Turn the body of a refused request into one of our errors.

Only the *name* of an error is ever shown, because descriptions may quote a customer's data.

Source: https://developer.zendesk.com/api-reference/introduction/requests/#response-format
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import orjson

from zendesk_source.errors import (
    AccessDenied,
    ConfigurationError,
    NotOnThisPlan,
    UnexpectedAnswer,
    ZendeskError,
)

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,63}")
INACTIVE = "SupportProductInactive"
"""Zendesk puts this name into the message; the title says only Forbidden."""

_PHRASES = frozenset({"Couldn't authenticate you", "Internal Server Error"})
_EXPORT_CLOSED = (
    "From December 2026 Zendesk closes incremental exports to third-party apps: log in as an"
    " admin with an OAuth client of your own account, or leave this stream out:"
    " --streams '!NAME'."
)


class RequestRefused(UnexpectedAnswer):
    """A 4xx that a retry does not help. Internal: paging catches it to say more about it.

    Attributes:
        status: HTTP status.
        server_time: Zendesk's clock when it answered.
    """

    def __init__(self, what: str, remedy: str = "", *, status: int, server_time: datetime) -> None:
        super().__init__(what, remedy)
        self.status = status
        self.server_time = server_time


class StartTimeTooRecent(RequestRefused):
    """``start_time`` lies in the last minute: there is nothing new yet. Internal."""


class PageTooHeavy(Exception):
    """504 or a time-out: a smaller page may get through. Internal: it never leaves ``api``."""


def error_name(body: bytes) -> str:
    """Return Zendesk's name of an error from any of its body shapes, or an empty string."""
    try:
        answer = orjson.loads(body)
    except ValueError:
        return ""
    if not isinstance(answer, dict):
        return ""
    return next((name for found in _candidates(answer) if (name := as_name(found))), "")


def _candidates(answer: dict[str, Any]) -> list[object]:
    error, errors = answer.get("error"), answer.get("errors")
    found: list[object] = [error]
    if isinstance(error, dict):
        found += [error.get("message")] if error.get("message") == INACTIVE else []
        found += [error.get("code"), error.get("title"), error.get("type")]
    if isinstance(errors, list):
        for each in errors:
            found += [each.get("code"), each.get("title")] if isinstance(each, dict) else [each]
    return found


def as_name(found: object) -> str:
    """Return a value if it looks like the name of an error, otherwise an empty string."""
    is_name = isinstance(found, str) and (_NAME.fullmatch(found) or found in _PHRASES)
    return str(found) if is_name else ""


def refusal(
    status: int, body: bytes, *, stream: str, path: str, server_time: datetime
) -> ZendeskError:
    """Return the error that a 4xx other than 401, 409 and 429 stands for.

    Args:
        status: HTTP status.
        body: Body of the answer, in any shape.
        stream: Name of the stream that asked; may be empty.
        path: Path of the request, without its query.
        server_time: Zendesk's clock when it answered.
    """
    name = error_name(body)
    what = f"{where(stream, path)} answered {status}{f' {name}' if name else ''}."
    if status in (400, 422) and _is_too_recent(name, body):
        return StartTimeTooRecent(what, status=status, server_time=server_time)
    if status == 404 and b"No help desk at" in body:
        return ConfigurationError(
            "No Zendesk account has this address.",
            "Set `subdomain` to the first part of the address agents use.",
        )
    if status == 403:
        return AccessDenied(what, _refusal_remedy(path, _access_remedy(body)))
    if status in (404, 410):
        return NotOnThisPlan(what, _refusal_remedy(path, "The account lacks the feature or plan."))
    remedy = _DEEPER_REMEDY if name == "InvalidPaginationDepth" else ""
    return RequestRefused(what, remedy, status=status, server_time=server_time)


_DEEPER_REMEDY = (
    "Zendesk ends offset paging at 10,000 rows; the stream must be declared with"
    " paging=Paging.CURSOR."
)


def _access_remedy(body: bytes) -> str:
    if INACTIVE.encode() in body:
        return "Support is not active in this account: its trial or subscription has ended."
    if b"scope" in body.lower():
        return "The token's scope does not cover it: `read` covers everything."
    return "Use an admin, or a scope that covers it."


def where(stream: str, path: str) -> str:
    """Return where something happened: ``tickets (/api/v2/…)``, never with a query."""
    return f"{stream} ({path})" if stream else path


def _is_too_recent(name: str, body: bytes) -> bool:
    return name == "StartTimeTooRecent" or b"too recent start_time" in body.lower()


def _refusal_remedy(path: str, remedy: str) -> str:
    is_closing = "/incremental/" in path and "/chat/" not in path
    return f"{remedy} {_EXPORT_CLOSED}" if is_closing else remedy
