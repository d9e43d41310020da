"""Faults between a client and Zendesk, on demand or at random."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from enum import Enum
from random import Random

from zendesk_source.simulator.pages.answers import HTML_TYPE, TEXT_TYPE, Answer, json_answer


class Fault(Enum):
    """One way in which an answer goes wrong."""

    RATE_LIMITED = "429 with Retry-After"
    RATE_LIMITED_WITHOUT_RETRY_AFTER = "429 without Retry-After"
    CONFLICT = "409"
    SERVER_ERROR = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503 with Retry-After"
    UNAVAILABLE_WITHOUT_RETRY_AFTER = "503 without Retry-After"
    GATEWAY_TIMEOUT = "504, plain text"
    RESET = "the connection is reset before an answer"
    TRUNCATED = "the body ends before its announced length"
    CUT_JSON = "half of the JSON, with the right length"
    HTML = "an HTML page with status 200"
    EMPTY = "no body with status 200"
    HALF_A_LETTER = "JSON that holds half a surrogate pair"
    REQUEST_TIMEOUT = "408"
    TOO_EARLY = "425"
    CLOUDFLARE = "520, an HTML page of what stands before Zendesk"
    SLOW = "a good answer that takes long, on the simulated clock"


RETRY_AFTER_SECONDS = 30
SLOW_SECONDS = 90.0
TRANSIENT = tuple(Fault)

_LIMITED = Answer(429, b"Number of allowed API requests per minute exceeded", TEXT_TYPE)
_UNAVAILABLE = json_answer(
    503, {"error": "ServiceUnavailable", "description": "Please try again in a moment"}
)
_HTML_PAGE = b"<!DOCTYPE html><html><body><h1>We'll be right back</h1></body></html>"
_WAIT = {"Retry-After": str(RETRY_AFTER_SECONDS)}

GATEWAY_TIMEOUT_ANSWER = Answer(504, b"upstream request timeout", TEXT_TYPE)

FAULT_ANSWERS: dict[Fault, Answer] = {
    Fault.RATE_LIMITED: replace(_LIMITED, headers=_WAIT),
    Fault.RATE_LIMITED_WITHOUT_RETRY_AFTER: _LIMITED,
    Fault.CONFLICT: json_answer(
        409, {"error": "DatabaseConflict", "description": "Database collision"}
    ),
    Fault.SERVER_ERROR: json_answer(500, {"status": 500, "error": "Internal Server Error"}),
    Fault.BAD_GATEWAY: Answer(502, b"<html><body>502 Bad Gateway</body></html>", HTML_TYPE),
    Fault.UNAVAILABLE: replace(_UNAVAILABLE, headers=_WAIT),
    Fault.UNAVAILABLE_WITHOUT_RETRY_AFTER: _UNAVAILABLE,
    Fault.GATEWAY_TIMEOUT: GATEWAY_TIMEOUT_ANSWER,
    Fault.HTML: Answer(200, _HTML_PAGE, HTML_TYPE),
    Fault.EMPTY: Answer(200, b""),
    Fault.REQUEST_TIMEOUT: Answer(408, b""),
    Fault.TOO_EARLY: Answer(425, b""),
    Fault.CLOUDFLARE: Answer(520, b"<html><body>Web server is returning</body></html>", HTML_TYPE),
}


@dataclass
class _Script:
    fault: Fault
    stream: str
    times: int
    skip: int


class FaultPlan:
    """Decides which request fails, and how."""

    def __init__(self) -> None:
        self._scripts: list[_Script] = []
        self._largest_page: dict[str, int] = {}
        self._rate = 0.0
        self._rng = Random(0)
        self._lock = threading.Lock()

    def fail_next(self, fault: Fault, stream: str, times: int, skip: int) -> None:
        """Let the next requests of a stream fail; an empty stream means any."""
        with self._lock:
            self._scripts.append(_Script(fault, stream, times, skip))

    def forget(self) -> None:
        """Let no more of the next requests fail that were to fail."""
        with self._lock:
            self._scripts.clear()

    def set_rate(self, rate: float, seed: int) -> None:
        """Let a share of all requests fail at random."""
        with self._lock:
            self._rate, self._rng = rate, Random(seed)

    def time_out_above(self, stream: str, rows: int) -> None:
        """Let every request of a stream for more rows a page time out."""
        with self._lock:
            self._largest_page[stream] = rows

    def next_fault(self, stream: str, page_size: int) -> Fault | None:
        """Return the fault of a request, if it has one."""
        with self._lock:
            for script in self._scripts:
                if script.stream not in ("", stream):
                    continue
                if script.skip > 0:
                    script.skip -= 1
                    continue
                script.times -= 1
                if script.times <= 0:
                    self._scripts.remove(script)
                return script.fault
            if page_size > self._largest_page.get(stream, page_size):
                return Fault.GATEWAY_TIMEOUT
            if self._rate and self._rng.random() < self._rate:
                return self._rng.choice(TRANSIENT)
            return None
