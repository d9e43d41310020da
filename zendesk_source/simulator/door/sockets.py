"""HTTP over a real socket: keep-alive, gzip, and broken connections."""

from __future__ import annotations

import contextlib
import gzip
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from zendesk_source.api.clock import Clock
from zendesk_source.simulator.door.faults import Fault
from zendesk_source.simulator.pages.answers import Answer

GZIP_LEVEL = 1
GZIP_FROM_BYTES = 1024


@dataclass(frozen=True)
class Delivery:
    """An answer, and what happens to it on its way."""

    answer: Answer
    fault: Fault | None = None

    @property
    def status(self) -> int:
        """Status that the client sees; 0 if it sees none."""
        return 0 if self.fault is Fault.RESET else self.answer.status


Deliver = Callable[[str, str, str, str | None, bytes], Delivery]
"""(method, address, target, authorization, body) to what is sent."""


class SocketServer:
    """Listens on a port of ``127.0.0.1`` and answers from threads.

    Args:
        deliver: Makes the answers.
        clock: Time of the Date header.
        port: Port to listen on; 0 for a free one.
        compress: Whether answers are gzipped for clients that accept it.
    """

    def __init__(self, deliver: Deliver, clock: Clock, port: int, *, compress: bool) -> None:
        bound = {"deliver": staticmethod(deliver), "clock": clock, "compress": compress}
        handler = type("Handler", (_Handler,), bound)
        self._http = _Server(("127.0.0.1", port), handler)
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(0.005,), name="zendesk-simulator", daemon=True
        )

    @property
    def base_url(self) -> str:
        """Address, without a slash at the end."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving, and close every connection."""
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()
        self._http.close_connections()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, *args: Any) -> None:
        self._connections: set[socket.socket] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember a connection that came in."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that ended."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """End the connections that clients keep alive."""
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report nothing if a client has closed its connection."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    deliver: Deliver
    clock: Clock
    compress: bool

    def do_GET(self) -> None:
        self._handle(b"")

    def do_POST(self) -> None:
        self._handle(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def log_message(self, *args: Any) -> None:
        """Stay silent; ``Simulator.requests`` is the log."""

    def _handle(self, body: bytes) -> None:
        authorization = self.headers.get("Authorization")
        address = f"http://{self.headers.get('Host', '')}"
        delivery = type(self).deliver(self.command, address, self.path, authorization, body)
        if delivery.fault is Fault.RESET:
            self._reset()
            return
        if delivery.answer.wire:
            self.close_connection = True
            self.wfile.write(delivery.answer.wire)
            return
        payload = delivery.answer.body
        if delivery.fault is Fault.CUT_JSON:
            payload = payload[: len(payload) // 2]
        if delivery.fault is Fault.HALF_A_LETTER and payload.endswith(b"}"):
            payload = payload[:-1] + rb',"half":"\ud800"}'
        head = self._head(delivery.answer)
        if self._may_compress(payload):
            payload = gzip.compress(payload, GZIP_LEVEL)
            head.append("Content-Encoding: gzip")
        head.append(f"Content-Length: {len(payload)}")
        if delivery.fault is Fault.TRUNCATED:
            payload = payload[: len(payload) // 2]
            self.close_connection = True
        self.wfile.write("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + payload)

    def _head(self, answer: Answer) -> list[str]:
        reason = self.responses.get(answer.status, ("",))[0]
        return [
            f"HTTP/1.1 {answer.status} {reason}",
            *([] if "Date" in answer.headers else [self._date()]),
            f"Content-Type: {answer.content_type}",
            "Cache-Control: max-age=0, private, must-revalidate",
            "X-Zendesk-API-Version: v2",
            *(f"{name}: {value}" for name, value in answer.headers.items()),
        ]

    def _date(self) -> str:
        return f"Date: {format_datetime(self.clock.now(), usegmt=True)}"

    def _may_compress(self, payload: bytes) -> bool:
        accepted = self.headers.get("Accept-Encoding", "")
        return self.compress and len(payload) >= GZIP_FROM_BYTES and "gzip" in accepted

    def _reset(self) -> None:
        # Closing with linger time zero sends RST instead of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
