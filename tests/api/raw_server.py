"""A server that sends any bytes: what HTTP does not allow, and what does not end."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

Script = Iterable[bytes]
"""What to send to one request, piece by piece; it may be endless."""


class RawServer:
    """Answers each request with the next script, the last one for ever, and then hangs up."""

    def __init__(
        self, scripts: list[Script], *, stays_open: bool = False, tls: ssl.SSLContext | None = None
    ) -> None:
        self.requests: list[bytes] = []
        self.sent_bytes = 0
        self._scripts = scripts
        self._stays_open = stays_open
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ended = threading.Event()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def base_url(self) -> str:
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def wait(self, seconds: float) -> None:
        """Let a script be slow, until the server ends."""
        self._ended.wait(seconds)

    def end(self) -> None:
        self._ended.set()
        for each in (self._listener, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            while (head := self._head(connection)) and not self._ended.is_set():
                self.requests.append(head)
                script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
                for piece in script:
                    if self._ended.is_set():
                        return
                    connection.sendall(piece)
                    self.sent_bytes += len(piece)
                if not self._stays_open:
                    return

    @staticmethod
    def _head(connection: socket.socket) -> bytes:
        head = b""
        while b"\r\n\r\n" not in head:
            received = connection.recv(65_536)
            if not received:
                return b""
            head += received
        return head


@contextmanager
def raw_server(
    *scripts: Script, stays_open: bool = False, tls: ssl.SSLContext | None = None
) -> Iterator[RawServer]:
    """Serve for as long as the context lasts."""
    server = RawServer(list(scripts), stays_open=stays_open, tls=tls)
    try:
        yield server
    finally:
        server.end()


def answer(body: bytes = b"{}", status: str = "200 OK", *headers: str) -> list[bytes]:
    """Return an answer with the right length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return ["\r\n".join([*lines, "", ""]).encode() + body]
