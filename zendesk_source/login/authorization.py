"""How a person allows us in the browser, once: the authorization code flow with PKCE.

Zendesk sends the browser back to an address of this machine. The OAuth client must have exactly
that address registered, so the port is fixed.

Source: https://developer.zendesk.com/documentation/api-basics/authentication/oauth-pkce/
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import queue
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from zendesk_source.api.refusals import as_name
from zendesk_source.errors import AuthenticationError, ConfigurationError
from zendesk_source.login.grants import ACCESS_SECONDS_OF_A_PAIR, REFRESH_SECONDS
from zendesk_source.login.token_endpoint import Refusals, TokenEndpoint, Tokens

CALLBACK_PATH = "/callback"

_PAGE = """<!doctype html><meta charset="utf-8"><title>zendesk_source</title>
<body style="font: 1.1rem system-ui; max-width: 32rem; margin: 20vh auto"><p>{text}</p>"""


@dataclass(frozen=True, slots=True)
class Authorization:
    """One question to a person, and the secrets of the one who asked.

    Attributes:
        base_url: Address of the account.
        client_id: Identifier of the OAuth client that asks.
        scope: What the client wants to read.
        redirect_uri: Address to which the browser brings the answer.
        state: Random text that comes back with the answer to this question only.
        verifier: Random text that proves that the one who redeems the code asked for it.
    """

    base_url: str
    client_id: str
    scope: str
    redirect_uri: str
    state: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)

    @property
    def url(self) -> str:
        """The page where a person allows it."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": self.state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{self.base_url}/oauth/authorizations/new?{urlencode(query)}"

    def redeem(self, code: str, endpoint: TokenEndpoint, client_secret: str = "") -> Tokens:
        """Return the first pair of tokens for a code, which lives two minutes.

        Raises:
            AuthenticationError: Zendesk refuses, or gives no refresh token.
        """
        tokens = endpoint.ask(
            {
                "grant_type": "authorization_code",
                "code": code,
                "client_id": self.client_id,
                "client_secret": client_secret,
                "redirect_uri": self.redirect_uri,
                "code_verifier": self.verifier,
                "scope": self.scope,
                "expires_in": ACCESS_SECONDS_OF_A_PAIR,
                "refresh_token_expires_in": REFRESH_SECONDS,
            },
            Refusals("the code of this login", _CODE_REMEDIES, "Start the login again."),
        )
        if not tokens.refresh_token:
            raise AuthenticationError(
                "Zendesk gave no refresh token.",
                "Make a new OAuth client in Admin Center, and log in with that.",
            )
        return tokens


_CODE_REMEDIES = {
    "invalid_client": "Check `client_id`; a confidential client needs its `client_secret` too.",
    "invalid_grant": "Start the login again: a code is good for two minutes.",
}
_ANSWER_REMEDIES = {
    "access_denied": "Start again, and choose Allow.",
    "invalid_scope": "Set --scope to one the OAuth client may ask for, such as `read`.",
    "invalid_request": "Check that the OAuth client exists and may use PKCE.",
}


@contextmanager
def callback(port: int, state: str) -> Iterator[Callable[[float], str]]:
    """Listen on 127.0.0.1 for the browser that brings the answer to a question.

    Args:
        port: The port that is registered with the OAuth client.
        state: The ``state`` of the question; an answer with another one is turned away.

    Yields:
        A function that waits a number of seconds for the code. It raises ``AuthenticationError``
        if Zendesk says no, or if nobody answers.

    Raises:
        ConfigurationError: Another program listens on the port.
    """
    answers: queue.SimpleQueue[Mapping[str, str]] = queue.SimpleQueue()
    handler = type("Handler", (_Handler,), {"answers": answers, "state": state})
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise ConfigurationError(
            f"This program cannot listen on port {port}: {error.strerror}.",
            "Wait until another login has ended, or choose another port with --port, and register"
            " http://127.0.0.1:<port>/callback with the OAuth client too.",
        ) from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield lambda seconds: _code_of(answers, seconds)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _code_of(answers: queue.SimpleQueue[Mapping[str, str]], seconds: float) -> str:
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise AuthenticationError(
            f"Nobody allowed the login within {seconds / 60:.0f} minutes.",
            "Start again and open the address it prints in a browser on this machine. If there is"
            " none, use --no-browser: docs/credentials.md says how.",
        ) from None
    if "code" in answer:
        return answer["code"]
    name = as_name(answer.get("error")) or "no code"
    raise AuthenticationError(
        f"Zendesk ended the login with {name}.", _ANSWER_REMEDIES.get(name, "Start again.")
    )


class _Handler(BaseHTTPRequestHandler):
    answers: ClassVar[queue.SimpleQueue[Mapping[str, str]]]
    state: ClassVar[str]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        answer = dict(parse_qsl(parts.query))
        if parts.path != CALLBACK_PATH:
            self._show(404, "There is nothing here.")
        elif not hmac.compare_digest(answer.get("state", "").encode(), self.state.encode()):
            self._show(400, "This is not the answer to the login that is waiting. Start it again.")
        else:
            self.answers.put(answer)
            self._show(200, "Thank you. You can close this page and go back to the terminal.")

    def log_message(self, *args: object) -> None:
        """Stay silent: the path holds the code."""

    def _show(self, status: int, text: str) -> None:
        page = _PAGE.format(text=text).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Referrer-Policy", "no-referrer")  # the address holds the code
        self.end_headers()
        self.wfile.write(page)
