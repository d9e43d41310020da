"""A server that says what a test tells it to, over a real socket, and a clock that jumps."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

START = datetime(2026, 1, 15, 12, tzinfo=timezone.utc)


class FakeClock:
    """Stands still until somebody sleeps on it."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._seconds = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        with self._lock:
            return self._seconds

    def sleep(self, wait_seconds: float) -> None:
        with self._lock:
            self.slept.append(wait_seconds)
            self._seconds += wait_seconds

    def set(self, seconds: float) -> None:
        with self._lock:
            assert seconds >= self._seconds
            self._seconds = seconds


@dataclass(frozen=True)
class Seen:
    """A request as the server saw it."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    connection: int

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))


@dataclass(frozen=True)
class Reply:
    """What the server is to answer.

    ``cut_at`` ends the connection after so many bytes of the body; ``silent`` says nothing
    until the server stops.
    """

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_at: int | None = None
    silent: bool = False

    @property
    def bytes(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


class Stub:
    """Answers from a list, then from ``handle``."""

    def __init__(self, clock: FakeClock) -> None:
        self.requests: list[Seen] = []
        self.handle: Callable[[Seen], Reply] | None = None
        self.clock = clock
        self._script: list[Reply] = []
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def targets(self) -> list[str]:
        return [seen.target for seen in self.requests]

    def script(self, *replies: Reply) -> None:
        self._script.extend(replies)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def reply_to(self, seen: Seen) -> Reply:
        with self._lock:
            self.requests.append(seen)
            if self._script:
                return self._script.pop(0)
            assert self.handle is not None, f"nothing scripted for {seen.target}"
            return self.handle(seen)

    def date_header(self) -> str:
        return format_datetime(self.clock.now().replace(microsecond=0), usegmt=True)

    def wait_silently(self) -> None:
        self._stopped.wait(60)


def _handler(stub: Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            seen = Seen(
                self.command, self.path, dict(self.headers), self.rfile.read(size), id(self)
            )
            reply = stub.reply_to(seen)
            if reply.silent:
                stub.wait_silently()
                self.close_connection = True
                return
            body = reply.bytes
            self.send_response_only(reply.status)
            for name, value in {"Date": stub.date_header(), **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: reply.cut_at])
            self.close_connection = reply.cut_at is not None

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *args: object) -> None:
            pass

    return Handler
