"""Answers that do not end, are too large, or are no HTTP: each ends, with the stream named."""

from __future__ import annotations

import gzip
import itertools
import socket
import ssl
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.conftest import SECRET
from tests.api.raw_server import RawServer, Script, answer, raw_server
from tests.support.stub import FakeClock
from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.clock import Stop, Stopped, SyncClock
from zendesk_source.api.retry import RetryPolicy
from zendesk_source.api.transport import wire
from zendesk_source.api.transport.wire import Limits
from zendesk_source.errors import (
    ConfigurationError,
    ServerUnavailable,
    UnexpectedAnswer,
    ZendeskError,
)
from zendesk_source.login.auth import StaticAuth

PATH = "/api/v2/groups.json"
GOOD = answer(b'{"groups": []}')
MB = 1024 * 1024
DRIP_SECONDS = 0.02


def client_of(server: RawServer | str, attempts: int = 3, **limits: float) -> ZendeskClient:
    base_url = server if isinstance(server, str) else server.base_url
    return ZendeskClient(
        base_url,
        StaticAuth(f"Bearer {SECRET}", remedy=""),
        clock=FakeClock(),
        retry=RetryPolicy(attempts=attempts),
        limits=Limits(**limits),  # type: ignore[arg-type]
    )


def dripping(server: RawServer, start: bytes, drop: bytes) -> Iterator[bytes]:
    yield start
    while True:
        server.wait(DRIP_SECONDS)
        yield drop


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n"
DRIPS = {
    "the body": (HEAD + b"\r\n{", b" "),
    "the headers": (HEAD + b"X-Slow: ", b"x"),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "a chunk's extension": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x"),
    "answers that others follow": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("part", DRIPS)
def test_an_answer_that_drips_for_ever_is_given_up(part: str):
    with raw_server([]) as server:
        server._scripts = [dripping(server, *DRIPS[part]) for _ in range(5)]
        begun = time.monotonic()
        with pytest.raises(ServerUnavailable, match=r"groups .* failed 3 times"):
            client_of(server, answer_seconds=0.3).get(PATH, stream="groups")
    assert 0.8 < time.monotonic() - begun < 3


def test_an_answer_of_no_use_after_the_sync_is_not_waited_for():
    class RealClock(FakeClock):
        def monotonic(self) -> float:
            return time.monotonic()

    clock = RealClock()
    with raw_server([]) as server:
        server._scripts = [dripping(server, *DRIPS["the body"]) for _ in range(5)]
        client = ZendeskClient(
            server.base_url,
            StaticAuth("x", remedy=""),
            clock=SyncClock(clock, Stop(clock, time.monotonic() + 0.3)),
        )
        begun = time.monotonic()
        with pytest.raises(Stopped):
            client.get(PATH, stream="groups")
    assert time.monotonic() - begun < 2


def gzip_bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    blanks = bytes(MB)
    return b"".join(packer.compress(blanks) for _ in range(megabytes)) + packer.flush()


def test_a_gzip_bomb_does_not_fill_the_memory():
    bomb = answer(gzip_bomb(100), "200 OK", "Content-Encoding: gzip")
    with raw_server(bomb) as server:
        client = client_of(server, body_bytes=16 * MB)
        tracemalloc.start()
        try:
            with pytest.raises(UnexpectedAnswer, match=r"groups .* more than 16 MB"):
                client.get(PATH, stream="groups")
            assert tracemalloc.get_traced_memory()[1] < 40 * MB
        finally:
            tracemalloc.stop()
    assert len(server.requests) == 1


ENDLESS: dict[str, Script] = {
    "without a length": itertools.chain([b"HTTP/1.1 200 OK\r\n\r\n"], itertools.repeat(b" " * MB)),
    "in chunks": itertools.chain(
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
        itertools.repeat(b"100000\r\n" + bytes(MB) + b"\r\n"),
    ),
    "of a redirect": itertools.chain(
        [b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n"], itertools.repeat(b" " * MB)
    ),
    "of an error": itertools.chain([b"HTTP/1.1 500 Oh\r\n\r\n"], itertools.repeat(b" " * MB)),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_an_endless_body_ends(kind: str):
    with raw_server(ENDLESS[kind]) as server:
        with pytest.raises(UnexpectedAnswer, match=r"groups .* more than 8 MB"):
            client_of(server, body_bytes=8 * MB).get(PATH, stream="groups")
        assert server.sent_bytes < 64 * MB


@pytest.mark.parametrize(
    "body",
    [gzip.compress(b'{"a": 1}'), gzip.compress(b'{"a"') + gzip.compress(b": 1}")],
    ids=["whole", "in parts"],
)
@pytest.mark.parametrize(
    "padding",
    [b"", bytes(1), bytes(512), b"\x1f\x8b"],
    ids=["none", "one", "many", "a magic number"],
)
def test_gzip_may_come_in_parts_and_with_padding(body: bytes, padding: bytes):
    with raw_server(answer(body + padding, "200 OK", "Content-Encoding: gzip")) as server:
        assert client_of(server).get(PATH).value == {"a": 1}


NO_ANSWERS: dict[str, Script] = {
    "HTTP/0.9": [b"<html>hello</html>"],
    "binary": [bytes(range(256))],
    "nothing": [],
    "a status of letters": [b"HTTP/1.1 abc\r\n\r\n"],
    "a status of five digits": [b"HTTP/1.1 20000 OK\r\n\r\n"],
    "a header without a name": [b"HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 2\r\n\r\n{"],
    "a header without an end": [b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n{}"],
    "a thousand headers": [b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 1000 + b"\r\n{}"],
    "a body that is too short": [b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}"],
    "a body that is too long": [b'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{"a": 1}'],
    "no chunks": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}"],
    "a chunk of a negative size": [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n0\r\n\r\n"
    ],
    "a chunk of 5,000 digits": [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 5_000 + b"\r\n{}"
    ],
    "chunks that stop": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n5\r\n"],
    "an empty body": answer(b""),
    "an empty body, packed": answer(b"", "200 OK", "Content-Encoding: gzip"),
    "gzip that is none": answer(b"{}", "200 OK", "Content-Encoding: gzip"),
    "another packing": answer(b"{}", "200 OK", "Content-Encoding: br"),
    "packed twice": answer(
        gzip.compress(gzip.compress(b"{}")), "200 OK", "Content-Encoding: gzip, gzip"
    ),
    "204": [b"HTTP/1.1 204 No Content\r\n\r\n"],
    "206": answer(b'{"groups": []}', "206 Partial Content"),
}


@pytest.mark.parametrize("kind", NO_ANSWERS)
def test_what_is_no_answer_is_asked_for_again(kind: str):
    with raw_server(NO_ANSWERS[kind], GOOD) as server:
        client = client_of(server, attempts=8)
        assert client.get(PATH, stream="groups").value == {"groups": []}
        assert client.usage_of("groups").retries >= 1


@pytest.mark.parametrize("kind", NO_ANSWERS)
def test_what_stays_no_answer_fails_the_stream(kind: str):
    given_up = pytest.raises((ServerUnavailable, UnexpectedAnswer), match=r"groups .* 3 times")
    with raw_server(NO_ANSWERS[kind]) as server, given_up:
        client_of(server).get(PATH, stream="groups")


REFUSED = {
    "100 Continue and no more": ("103 Early Hints", ()),
    "304": ("304 Not Modified", ()),
    "302 without an address": ("302 Found", ()),
    "a port of 99999": ("302 Found", ("Location: http://127.0.0.1:99999/x",)),
    "a port of 5,000 digits": ("302 Found", ("Location: http://127.0.0.1:" + "9" * 5_000,)),
    "no address": ("302 Found", ("Location: http://[::1",)),
    "a script": ("302 Found", ("Location: javascript:alert(1)",)),
    "418": ("418 I'm a teapot", ()),
    "451": ("451 Unavailable", ()),
    "999": ("999 Oh", ()),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_no_retry_helps_is_told_at_once(kind: str):
    status, headers = REFUSED[kind]
    with raw_server(answer(b"{}", status, *headers)) as server:
        with pytest.raises(ZendeskError, match=r"groups|moved"):
            client_of(server).get(PATH, stream="groups")
        assert len(server.requests) == 1


def test_the_answer_after_an_early_one_is_not_taken_for_the_next_ones():
    early = [b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n", *answer(b'{"a": "old"}')]
    with raw_server(early, answer(b'{"a": "new"}'), stays_open=True) as server:
        client = client_of(server)
        with pytest.raises(ZendeskError):
            client.get(PATH)
        assert client.get(PATH).value == {"a": "new"}


DIGITS = "9" * 5_000
ODD_HEADERS = [
    *(f"Retry-After: {DIGITS}", f"x-rate-limit: {DIGITS}", f"ratelimit-reset: {DIGITS}"),
    *(f"Date: {DIGITS}", "Date: Fri, 31 Dec 9999 23:59:59 -2359", f"Content-Type: {DIGITS}"),
    "x-rate-limit: 700\r\nx-rate-limit-remaining: 0\r\nratelimit-reset: 1e18",
    "x-rate-limit: 700\r\nx-rate-limit-remaining: 0\r\nratelimit-reset: nan",
    "x-rate-limit: 700\r\nx-rate-limit-remaining: 0\r\nratelimit-reset: -5",
    f"Zendesk-RateLimit-incremental-exports: total={DIGITS};remaining=0;resets={DIGITS}",
    "Zendesk-RateLimit-account: total=1;remaining=0;resets=9999-12-31T23:59:59Z",
    f"Set-Cookie: a=b; Max-Age={DIGITS}; Expires={DIGITS}",
]


@pytest.mark.parametrize("headers", ODD_HEADERS, ids=lambda text: text[:40])
def test_headers_of_a_good_answer_may_say_anything(headers: str):
    # A server that hangs up between the two costs a second try, if it is not seen in time.
    with raw_server(answer(b"{}", "200 OK", *headers.split("\r\n")), stays_open=True) as server:
        client = client_of(server)
        for _ in range(2):
            assert client.get(PATH, stream="groups", bucket="incremental-exports").value == {}
    assert client._clock.monotonic() <= 901


# The first contact.


def test_nobody_listening_is_told_after_three_attempts(clock: FakeClock):
    client = ZendeskClient("http://127.0.0.1:1", StaticAuth("x", remedy=""), clock=clock)
    with pytest.raises(ServerUnavailable, match=r"127.0.0.1:1 refuses connections"):
        client.get(PATH)
    assert len(clock.slept) == 2


@pytest.mark.parametrize("number", [socket.EAI_NONAME, socket.EAI_AGAIN])
def test_an_unknown_host_is_told_with_its_name(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch, number: int
):
    def unknown(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(number, "not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    client = ZendeskClient("https://acme.zendesk.com", StaticAuth("x", remedy=""), clock=clock)
    kind = ConfigurationError if number == socket.EAI_NONAME else ServerUnavailable
    with pytest.raises(kind, match=r"acme.zendesk.com") as told:
        client.get(PATH)
    assert "DNS" in told.value.remedy
    assert "status.zendesk.com" not in str(told.value)
    assert clock.monotonic() < 5


def test_a_fault_after_the_first_contact_is_retried(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
):
    def unknown(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    with raw_server(GOOD) as server:
        client = ZendeskClient(server.base_url, StaticAuth("x", remedy=""), clock=clock)
        client.get(PATH)
        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        with pytest.raises(ServerUnavailable, match=r"8 times in a row. There is no host"):
            client.get(PATH)


@pytest.fixture
def dead_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_a_dead_proxy_is_named_without_its_password(
    dead_port: int, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:pa55word@127.0.0.1:{dead_port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    client = ZendeskClient("https://acme.zendesk.com", StaticAuth("x", remedy=""), clock=clock)
    with pytest.raises(ConfigurationError, match=f"proxy 127.0.0.1:{dead_port}") as told:
        client.get(PATH)
    assert "HTTPS_PROXY" in told.value.remedy
    assert "pa55word" not in repr(told.value)
    assert told.value.__cause__ is None
    assert told.value.__context__ is None


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "403 Forbidden"])
def test_a_proxy_that_refuses_is_named(
    status: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
):
    with raw_server(answer(b"", status)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.base_url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        client = ZendeskClient("https://acme.zendesk.com", StaticAuth("x", remedy=""), clock=clock)
        with pytest.raises(ConfigurationError, match=f"answered {status[:3]}"):
            client.get(PATH)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_nothing_for_this_machine_goes_through_a_proxy(
    name: str, dead_port: int, monkeypatch: pytest.MonkeyPatch
):
    for other in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, f"http://127.0.0.1:{dead_port}")
    with raw_server(GOOD) as server:
        assert client_of(server).get(PATH).value == {"groups": []}
        here = server.base_url.replace("127.0.0.1", "localhost")
        assert client_of(here).get(PATH).value == {"groups": []}


@pytest.fixture
def secure() -> Iterator[RawServer]:
    """A server with a certificate of its own making, which is good for a hundred years."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(Path(__file__).with_name("self_signed.pem"))
    with raw_server(GOOD, tls=tls) as server:
        yield server


def test_a_certificate_nobody_trusts_is_told_at_once(clock: FakeClock, secure: RawServer):
    client = ZendeskClient(secure.base_url, StaticAuth("x", remedy=""), clock=clock)
    with pytest.raises(ConfigurationError, match=r"certificate of 127.0.0.1:\d+ is not") as told:
        client.get(PATH)
    assert "REQUESTS_CA_BUNDLE" in told.value.remedy
    assert clock.slept == []


def test_a_server_without_tls_is_told_at_once(clock: FakeClock, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wire, "FIRST_CONNECT_TIMEOUT_SECONDS", 0.3)
    with raw_server(GOOD) as server:
        address = server.base_url.replace("http:", "https:")
        client = ZendeskClient(address, StaticAuth("x", remedy=""), clock=clock)
        with pytest.raises(ZendeskError, match=r"does not speak TLS|does not answer"):
            client.get(PATH)


def test_a_bundle_of_certificates_that_is_missing_is_told(
    clock: FakeClock, secure: RawServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/bundle.pem")
    client = ZendeskClient(secure.base_url, StaticAuth("x", remedy=""), clock=clock)
    with pytest.raises(ConfigurationError, match="trusted certificates"):
        client.get(PATH)
