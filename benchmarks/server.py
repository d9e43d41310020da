"""A Zendesk for a load to read from, in a process of its own; prints its port.

    python -m benchmarks.server STREAM FOLDER ROWS [changed] [tls=FILE]   an export, from files
    python -m benchmarks.server account 300                               a simulated account

With ``tls`` pages go gzipped through TLS, as from Zendesk; the certificate is written to the file.

The simulator makes every page when it is asked for, which would take longer than loading it.
"""

from __future__ import annotations

import gzip
import ssl
import sys
from collections.abc import Mapping
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from benchmarks.certificate import write_certificate
from benchmarks.pages import (
    CUSTOM_FIELDS,
    FIRST_EPOCH,
    PACKED,
    PAGE_ROWS,
    SECONDS_BETWEEN,
    USER_FIELDS,
    changed_page,
    field_definitions,
    write_pages,
)
from zendesk_source.catalogue import STREAMS
from zendesk_source.simulator import Account, RateLimits, SimulatedClock, Simulator

TOKEN = "a-token"
GZIP = b"\x1f\x8b"
"""What gzip begins with."""
NOON = datetime(2026, 1, 15, 12, tzinfo=timezone.utc)
"""Of the simulated account, for who reads it too."""

BY_PATH = {stream.path: stream.name for stream in STREAMS}
# Enough for a page every tenth of a second: as fast as an export with an add-on can be.
LIMITS = {
    "X-Rate-Limit": "2500",
    "X-Rate-Limit-Remaining": "2400",
    "Zendesk-RateLimit-incremental-exports": "total=600; remaining=590; resets=60",
    "Zendesk-RateLimit-incremental-exports-cursor": "total=600; remaining=590; resets=60",
}
ANSWERS: Mapping[str, Any] = {
    "me": {"user": {"id": 1, "role": "admin"}},
    "ticket_fields": {"ticket_fields": field_definitions(CUSTOM_FIELDS)},
    "user_fields": {"user_fields": field_definitions(USER_FIELDS)},
}


def export_page(stream: str, paths: list[Path], query: Mapping[str, list[str]]) -> list[bytes]:
    """Return a page of an export by cursor or by time, and its end, which tells where to go on."""
    if "cursor" in query:
        number = int(query["cursor"][0])
    else:
        since = int(query.get("start_time", ["0"])[0]) - FIRST_EPOCH
        number = max(0, -(-since // (SECONDS_BETWEEN[stream] * PAGE_ROWS)))
    number = min(number, len(paths) - 1)
    is_last = number == len(paths) - 1
    beside = {
        "after_cursor": str(number + 1),
        "end_time": FIRST_EPOCH + (number + 1) * SECONDS_BETWEEN[stream] * PAGE_ROWS,
        "end_of_stream": is_last,
        "count": PAGE_ROWS,
    }
    return [_without_end(paths[number]), b"," + orjson.dumps(beside)[1:]]


def _without_end(path: Path) -> bytes:
    return path.read_bytes() if path.suffix == PACKED else path.read_bytes()[:-1]


def handler(stream: str, paths: list[Path], *, is_packed: bool) -> type[BaseHTTPRequestHandler]:
    """Return what answers requests.

    Args:
        stream: Whose pages there are.
        paths: The pages; packed ones are sent as they are.
        is_packed: Whether answers are gzipped.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            name = BY_PATH.get(asked.path, "me")
            if name == stream:
                parts = export_page(stream, paths, parse_qs(asked.query))
            else:
                parts = [orjson.dumps(ANSWERS[name])]
            if is_packed:  # gzip may have several members
                parts = [each if each[:2] == GZIP else gzip.compress(each) for each in parts]
            body = b"".join(parts)
            self.send_response(200)
            if is_packed:
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for header, value in LIMITS.items():
                self.send_header(header, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


def serve_pages(
    stream: str, folder: Path, rows: int, *, is_changed: bool, certificate: Path | None
) -> None:
    """Serve the pages of one export until killed."""
    paths = write_pages(folder, stream, rows, is_packed=certificate is not None)
    if is_changed:
        paths.append(changed_page(folder, rows))
    answers = handler(stream, paths, is_packed=certificate is not None)
    server = ThreadingHTTPServer(("127.0.0.1", 0), answers)
    if certificate:
        write_certificate(certificate)
        secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secure.load_cert_chain(certificate)
        server.socket = secure.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def serve_account(tickets: int) -> None:
    """Serve a simulated account, the same each time, until killed."""
    account = Account.generate(tickets=tickets, clock=SimulatedClock(start=NOON))
    with Simulator(account, rate_limits=RateLimits.off(), oauth_token=TOKEN) as simulator:
        print(simulator.base_url.rpartition(":")[2], flush=True)
        Event().wait()


def main() -> None:
    """Serve what the arguments say."""
    what, *rest = sys.argv[1:]
    if what == "account":
        serve_account(int(rest[0]))
    else:
        files = [Path(each[4:]) for each in rest if each.startswith("tls=")]
        serve_pages(
            what,
            Path(rest[0]),
            int(rest[1]),
            is_changed="changed" in rest,
            certificate=files[0] if files else None,
        )


if __name__ == "__main__":
    main()
