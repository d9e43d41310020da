"""The local Zendesk: an account behind a real socket."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from zendesk_source.simulator.account import Account
from zendesk_source.simulator.door.faults import FAULT_ANSWERS, SLOW_SECONDS, Fault, FaultPlan
from zendesk_source.simulator.door.oauth import CHAT, Credentials
from zendesk_source.simulator.door.rate_limits import LIST_BUCKETS, HeaderStyle, Meter, RateLimits
from zendesk_source.simulator.door.sockets import Delivery, SocketServer
from zendesk_source.simulator.help_centers import has_help_center
from zendesk_source.simulator.pages.answers import (
    FORBIDDEN,
    INVALID_ENDPOINT,
    UNAUTHENTICATED,
    Answer,
    Refusal,
    json_answer,
)
from zendesk_source.simulator.pages.routes import Route, Routes, plain_path
from zendesk_source.simulator.state import STREAM_BY_NAME
from zendesk_source.simulator.store import Row

ME = "/api/v2/users/me"
INCREMENTAL = "/api/v2/incremental/"
CLOSED = {
    403: FORBIDDEN,
    404: INVALID_ENDPOINT,
    410: json_answer(410, {"error": "Gone", "description": "This endpoint has been removed"}),
}
"""What a closed export may answer; Zendesk does not say."""

ANONYMOUS = {
    "id": None,
    "url": "https://example.zendesk.com/api/v2/users/.json",
    "name": "Anonymous user",
    "email": "invalid@example.com",
    "created_at": None,
    "updated_at": None,
    "time_zone": "Eastern Time (US & Canada)",
    "role": "end-user",
    "verified": False,
    "active": None,
}


@dataclass(frozen=True)
class Request:
    """One request that the simulator got.

    Attributes:
        method: HTTP method.
        path: Path, without query.
        query: Parameters, decoded.
        status: Status of the answer; 0 before the answer, and if the connection was reset.
        stream: Name of the stream that was asked for, if any.
        address: Scheme, host and port that it was sent to.
    """

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    status: int = 0
    stream: str = ""
    address: str = ""


Alter = Callable[[Request, Answer], Answer]


class Simulator:
    """A local Zendesk on ``127.0.0.1``, serving one account.

    At ``localhost`` it shows the Help Center of the brand with that address, if there is one.

    Use it as a context manager, or call ``start`` and ``stop``. If a callback raises, the answer is
    500, and the error is raised again at the end of the context.

    Args:
        account: The account to serve.
        rate_limits: How many requests it allows.
        api_token: E-mail address and API token that it accepts.
        oauth_client: Client id and secret that it accepts.
        oauth_token: A Bearer token that never expires.
        chat_token: The only Bearer token that Chat accepts; if empty it accepts all others.
        header_style: Spelling of the rate limit headers.
        too_recent_status: Status of ``StartTimeTooRecent``.
        latency_seconds: How long a page takes, on the account's clock.
        compress: Whether answers are gzipped for clients that accept it.
        port: Port to listen on; 0 for a free one.
    """

    def __init__(
        self,
        account: Account,
        *,
        rate_limits: RateLimits | None = None,
        api_token: tuple[str, str] = ("agent@example.com", "token"),
        oauth_client: tuple[str, str] = ("client", "secret"),
        oauth_token: str = "",
        chat_token: str = "",
        header_style: HeaderStyle = "2024",
        too_recent_status: Literal[400, 422] = 400,
        latency_seconds: float = 0.0,
        compress: bool = True,
        port: int = 0,
    ) -> None:
        self.account = account
        self.latency_seconds = latency_seconds
        self.credentials = Credentials(
            account.clock,
            api_token=api_token,
            oauth_client=oauth_client,
            oauth_token=oauth_token,
            chat_token=chat_token,
        )
        self._meter = Meter(rate_limits or RateLimits.off(), account.clock, header_style)
        self._faults = FaultPlan()
        self._routes = Routes(too_recent_status)
        self._refused: dict[str, int] = {}
        self._exports_answer = 200
        self._errors: list[Exception] = []
        self._callbacks: list[Callable[[Request], object]] = []
        self._alterations: list[Alter] = []
        self._requests: list[Request] = []
        self._lock = threading.Lock()
        self._server = SocketServer(self._deliver, account.clock, port, compress=compress)

    def __enter__(self) -> Simulator:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        if kind is None and self._errors:
            raise self._errors[0]

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._server.start()

    def stop(self) -> None:
        """Stop serving and close the socket."""
        self._server.stop()

    @property
    def base_url(self) -> str:
        """Address of this Zendesk, without a slash at the end."""
        return self._server.base_url

    @property
    def requests(self) -> list[Request]:
        """Requests answered so far, oldest first; a copy."""
        with self._lock:
            return list(self._requests)

    def forget_requests(self) -> None:
        """Empty the list of requests."""
        with self._lock:
            self._requests.clear()

    def refuse(self, stream: str, status: Literal[403, 404] = 403) -> None:
        """Refuse a stream as a role (403) or a plan (404) does."""
        _check_stream(stream)
        self._refused[stream] = status

    def refuse_gated_streams(self) -> list[str]:
        """Refuse all that the smallest plan lacks; return the names of these streams."""
        gated = [stream for stream in STREAM_BY_NAME.values() if stream.needs]
        for stream in gated:
            self.refuse(stream.name, 403 if stream.product == "support" else 404)
        return [stream.name for stream in gated]

    def close_exports(self, status: Literal[403, 404, 410] = 403) -> None:
        """Refuse all incremental exports, as Zendesk does to third parties."""
        self._exports_answer = status

    def open_exports(self) -> None:
        """Show the incremental exports again."""
        self._exports_answer = 200

    def allow(self, stream: str) -> None:
        """Show a stream again that was refused."""
        self._refused.pop(stream, None)

    def fail_next(self, fault: Fault, stream: str = "", times: int = 1, skip: int = 0) -> None:
        """Let the next requests fail.

        Args:
            fault: How they fail.
            stream: Name of the stream whose requests fail; all streams when left out.
            times: How many requests fail.
            skip: How many requests succeed before.
        """
        if stream:
            _check_stream(stream)
        self._faults.fail_next(fault, stream, times, skip)

    def end_faults(self) -> None:
        """Let no more requests fail that ``fail_next`` has named."""
        self._faults.forget()

    def fault_rate(self, rate: float, seed: int = 1) -> None:
        """Let a share of all requests for streams fail at random; 0 ends this."""
        self._faults.set_rate(rate, seed)

    def time_out_above(self, rows: int, stream: str) -> None:
        """Answer 504 to requests of a stream for more rows in a page."""
        _check_stream(stream)
        self._faults.time_out_above(stream, rows)

    def before_answer(self, callback: Callable[[Request], object]) -> None:
        """Call a function before every page is made, for edits between pages."""
        self._callbacks.append(callback)

    def alter_answers(self, alter: Alter) -> None:
        """Change answers before they are sent, to simulate what Zendesk should never send.

        Args:
            alter: Gets each request and its answer, and returns the answer to send.
        """
        self._alterations.append(alter)

    def leave_answers_alone(self) -> None:
        """Send answers unchanged again."""
        self._alterations.clear()

    def issue_refresh_token(self) -> str:
        """Return a refresh token, as if an admin had just authorized the client."""
        return self.credentials.issue_refresh_token()

    def _deliver(
        self, method: str, address: str, target: str, authorization: str | None, body: bytes
    ) -> Delivery:
        parts = urlsplit(target)
        path = plain_path(parts.path)
        query = _query(parts.query)
        route = self._routes.find(path) if method == "GET" else None
        stream = route.stream.name if route else ""
        request = Request(method, parts.path, query, 0, stream, address)
        headers: dict[str, str] = {}
        fault: Fault | None = None
        try:
            if method == "POST" and path == "/oauth/tokens":
                answer = self.credentials.answer(body)
            elif method == "GET" and path == "/oauth/authorizations/new":
                answer = self.credentials.authorize(query)
            else:
                answer, fault = self._answer(request, path, route, authorization, headers)
        except Refusal as refusal:
            answer = refusal.answer
        except Exception as error:  # noqa: BLE001 (a callback of a test, or a bug of ours)
            self._errors.append(error)
            answer = json_answer(500, {"error": f"the simulator failed: {error!r}"})
        answer = replace(answer, headers={**headers, **answer.headers})
        for alter in self._alterations:
            answer = alter(request, answer)
        delivery = Delivery(answer, fault)
        with self._lock:
            self._requests.append(replace(request, status=delivery.status))
        return delivery

    def _answer(
        self,
        request: Request,
        path: str,
        route: Route | None,
        authorization: str | None,
        headers: dict[str, str],
    ) -> tuple[Answer, Fault | None]:
        of_chat = path.startswith(CHAT)
        caller = self.credentials.caller(authorization, path)
        if path == ME and request.method == "GET":
            return json_answer(200, {"user": self._me() if caller == "agent" else ANONYMOUS}), None
        if caller == "anonymous":
            return UNAUTHENTICATED, None
        bucket = route.bucket or LIST_BUCKETS.get(request.stream, "") if route else ""
        counted, refusal = self._meter.count_chat() if of_chat else self._meter.count(bucket)
        headers.update(counted)
        if refusal is not None:
            return refusal, None
        if route is None:
            return INVALID_ENDPOINT, None
        fault = self._faults.next_fault(request.stream, _rows_asked(request.query))
        if fault in FAULT_ANSWERS:
            return FAULT_ANSWERS[fault], fault
        return self._page(request, route, fault), fault

    def _page(self, request: Request, route: Route, fault: Fault | None) -> Answer:
        if self._exports_answer != 200 and request.path.startswith(INCREMENTAL):
            return CLOSED[self._exports_answer]
        if request.stream in self._refused:
            return FORBIDDEN if self._refused[request.stream] == 403 else INVALID_ENDPOINT
        if self.latency_seconds or fault is Fault.SLOW:
            wait_seconds = self.latency_seconds + (SLOW_SECONDS if fault is Fault.SLOW else 0)
            self.account.clock.sleep(wait_seconds)
        for callback in self._callbacks:
            callback(request)
        with self.account.lock:
            self.account.settle()
            url = request.address + request.path
            if route.stream.is_of_brand and not has_help_center(self.account, url):
                return INVALID_ENDPOINT
            return route.show(self.account, url, request.query)

    def _me(self) -> Row:
        with self.account.lock:
            for user in self.account.stores["users"]:
                if user["role"] == "admin":
                    return {**user, "authenticity_token": "simulated"}
        return {**ANONYMOUS, "id": 1, "name": "Admin", "role": "admin", "active": True}


def _check_stream(name: str) -> None:
    if name not in STREAM_BY_NAME:
        raise KeyError(f"no stream {name!r}; there are {', '.join(sorted(STREAM_BY_NAME))}")


def _query(text: str) -> dict[str, str]:
    """Return the parameters by name; those of a repeated ``name[]`` joined by commas."""
    query: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        is_repeated = name.endswith("[]") and name in query
        query[name] = f"{query[name]},{value}" if is_repeated else value
    return query


def _rows_asked(query: dict[str, str]) -> int:
    for name in ("per_page", "page[size]", "limit"):
        if query.get(name, "").isdigit():
            return int(query[name])
    return 1000
