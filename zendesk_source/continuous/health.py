"""How the process fares, for those who watch it: a file that is replaced, and an HTTP server."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer
from typing import Any

from zendesk_source.continuous.figures import Snapshot, StreamFigures
from zendesk_source.continuous.metrics import CONTENT_TYPE, metrics_text
from zendesk_source.errors import ConfigurationError
from zendesk_source.login.redaction import without_known_secrets
from zendesk_source.times import time_text

HOST = "127.0.0.1"
_WORST_FIRST = ("stale", "failing", "starting", "ok")
_LOOK_SECONDS = 0.1
"""How soon the server notices that it is to end."""

_SILENCE_SECONDS = 5.0
"""A client that sends nothing for so long is let go of."""

Page = tuple[int, str, str]
"""Status, content type and text."""


def health_document(shown: Mapping[str, Snapshot], now: datetime) -> dict[str, Any]:
    """Return how the process fares as one JSON object, without a customer's data.

    Args:
        shown: The figures, by account; of a single one the name is empty.
        now: The current time, UTC.
    """
    accounts = {name: _of_account(each, now) for name, each in shown.items()}
    of_process = {"at": now.isoformat(), "pid": os.getpid()}
    if "" in accounts:
        return {**of_process, **accounts[""]}
    worst = min((each["status"] for each in accounts.values()), key=_WORST_FIRST.index)
    return {**of_process, "status": worst, "accounts": accounts}


def _of_account(shown: Snapshot, now: datetime) -> dict[str, Any]:
    return {
        "status": shown.status(now),
        "started_at": shown.started_at.isoformat(),
        "last_success_at": _moment(shown.last_good_at),
        "stale_at": shown.stale_at(now).isoformat(),
        "next_round_at": _moment(shown.next_round_at),
        "rounds": dict(shown.rounds),
        "failed_rounds_in_a_row": shown.failures_in_a_row,
        "error": without_known_secrets(shown.error),
        "streams": {name: _described(one, now) for name, one in shown.streams.items()},
    }


def _described(one: StreamFigures, now: datetime) -> dict[str, Any]:
    lag = None if one.complete_at is None else max(0.0, (now - one.complete_at).total_seconds())
    return {
        "status": one.status or "not asked",
        "reason": without_known_secrets(one.reason),
        "complete_at": _moment(one.complete_at),
        "lag_seconds": None if lag is None else round(lag, 1),
        "newest": time_text(one.newest) or None,
        "rows": dict(one.rows),
        "requests": one.usage.requests,
        "waited_seconds": round(one.usage.waited_seconds, 3),
        "failures": one.failures,
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def write_health_file(path: Path, shown: Mapping[str, Snapshot], now: datetime) -> None:
    """Replace a file by the state of now; a reader never sees half of it.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    beside = path.with_name(f"{path.name}.new")
    try:
        beside.write_text(json.dumps(health_document(shown, now), indent=2) + "\n", "utf-8")
        beside.chmod(0o644)  # while a package is loaded new files are for their owner only
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise ConfigurationError(
            f"The health file {path} cannot be written: {error.strerror or type(error).__name__}.",
            "Its folder must exist and be writable.",
        ) from error


@contextmanager
def health_served(
    look: Callable[[], Mapping[str, Snapshot]],
    now: Callable[[], datetime],
    port: int,
    host: str = HOST,
) -> Iterator[str]:
    """Answer ``/healthz`` and ``/metrics`` from threads of their own.

    Args:
        look: Returns the figures.
        now: Returns the current time, UTC.
        port: Where to listen; 0 for any that is free.
        host: The address to listen at.

    Yields:
        The address, such as ``http://127.0.0.1:9464``.

    Raises:
        ConfigurationError: The address or the port cannot be used.
    """

    def page(path: str) -> Page:
        if path == "/metrics":
            return 200, CONTENT_TYPE, metrics_text(look(), now())
        if path == "/healthz":
            document = health_document(look(), now())
            status = 503 if document["status"] == "stale" else 200
            return status, "application/json", json.dumps(document) + "\n"
        return 404, "text/plain; charset=utf-8", "Ask for /healthz or /metrics.\n"

    try:
        server = _Server((host, port), _handler_of(page))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigurationError(
            f"Nobody can listen at {host}:{port}: {reason}.", "Choose another --health-port."
        ) from error
    serve = partial(server.serve_forever, _LOOK_SECONDS)
    thread = threading.Thread(target=serve, name="zendesk-health", daemon=True)
    thread.start()
    try:
        yield f"http://{f'[{host}]' if ':' in host else host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingTCPServer):
    """Lets go of its clients at the end, however slow they are.

    Not Python's ``HTTPServer``, which looks up the name of its address, and may wait for that.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over a client that went away."""


def _handler_of(page: Callable[[str], Page]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _SILENCE_SECONDS
        server_version = "zendesk-source"
        sys_version = ""

        def do_GET(self) -> None:
            status, content_type, text = page(self.path.partition("?")[0])
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - so it is called by Python's library

        def log_message(self, *_: Any) -> None:
            """Say nothing of a request."""

    return Handler
