"""The answers of the server, and Zendesk's error bodies in all their shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

JSON_TYPE = "application/json; charset=utf-8"
TEXT_TYPE = "text/plain; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, without the headers that every answer has.

    Attributes:
        status: HTTP status.
        body: Body, not yet compressed.
        content_type: Value of that header.
        headers: Further headers.
        wire: If not empty, these bytes are sent instead of all the above.
    """

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)
    wire: bytes = b""


class Refusal(Exception):
    """An answer that ends the handling of a request."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def json_answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer with a JSON body."""
    return Answer(status, orjson.dumps(body), headers=headers or {})


def _described(status: int, error: str, description: str) -> Answer:
    return json_answer(status, {"error": error, "description": description})


UNAUTHENTICATED = json_answer(401, {"error": "Couldn't authenticate you"})
INVALID_TOKEN = json_answer(
    401,
    {
        "error": "invalid_token",
        "error_description": "The access token provided is expired, revoked, malformed or "
        "invalid for other reasons.",
    },
)
FORBIDDEN = json_answer(
    403,
    {
        "error": {
            "title": "Forbidden",
            "message": "You do not have access to this page. Please contact the account owner "
            "of this help desk for further help.",
        }
    },
)
INVALID_ENDPOINT = _described(404, "InvalidEndpoint", "Not found")
RECORD_NOT_FOUND = _described(404, "RecordNotFound", "Not found")
START_TIME_MISSING = _described(400, "ParameterMissing", "Parameter start_time is required")
START_TIME_INVALID = _described(400, "InvalidValue", "start_time must be an integer")
CURSOR_INVALID = _described(400, "InvalidValue", "cursor is invalid")
PAGINATION_DEPTH = json_answer(
    400,
    {
        "errors": [
            {
                "code": "InvalidPaginationDepth",
                "title": "Pagination requests using Offset Pagination are limited to page 100 "
                "or up to 10000 records (page * per_page)",
                "detail": "Number of requested records exceeds the limit. Use cursor pagination.",
            }
        ]
    },
)


def start_time_too_recent(status: int) -> Answer:
    """Return the refusal of a ``start_time`` within the last minute."""
    text = "Too recent start_time. Use a start_time older than 60 seconds"
    return _described(status, "StartTimeTooRecent", text)


def pagination_refused(detail: str) -> Answer:
    """Return the refusal of a bad ``page[...]`` parameter."""
    error = {
        "code": "InvalidPaginationParameter",
        "title": "Invalid Pagination parameter",
        "detail": detail,
    }
    return json_answer(400, {"errors": [error]})
