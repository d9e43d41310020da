"""Read a body that is almost JSON, where only one reading of it is possible.

A byte order mark, half a surrogate pair, a byte that is no text, a raw line break in a text, NaN,
a number too large for a double: one such value in one row makes a strict parser refuse the whole
page. A value that is nested a thousand levels deep can be read, but nothing can write it again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from math import isinf
from typing import Any, Generic, TypeVar

import orjson

DEEPEST = 100
"""Levels of a body. What is nested deeper is kept as JSON text. orjson writes 254 levels."""

REPLACEMENT = "\ufffd"

T = TypeVar("T")

_CLOSERS = tuple((pair * DEEPEST)[:DEEPEST] for pair in (b"]", b"}", b"]}"))
_TOKEN = re.compile(
    r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]|-?(?:NaN|Infinity)|-?[0-9][0-9.eE+-]*', re.DOTALL
)
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)
_CONTROL = re.compile(r"[\x00-\x1f]")
_CLOSED_BY = {"[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """A parsed body.

    Attributes:
        value: What ``parse`` returned.
        replaced: How many characters were invalid and are now U+FFFD.
    """

    value: T
    replaced: int


@dataclass(frozen=True, slots=True)
class Mended:
    """A body as strict JSON.

    Attributes:
        body: The same values; NaN, infinity and numbers too large for a double are texts.
        replaced: How many characters were invalid and are now U+FFFD.
    """

    body: bytes
    replaced: int


def read_body(body: bytes, parse: Callable[[bytes], T], *, may_mend: bool) -> Read[T] | None:
    """Parse a body.

    Args:
        body: As it arrived.
        parse: Decodes strict JSON.
        may_mend: Whether to turn a body into strict JSON if it is not.

    Returns:
        The parsed body; None when it is not JSON.

    Raises:
        Exception: The body is JSON, but ``parse`` refuses it.
    """
    read = Mended(body, 0)
    if _is_deep(body):
        read = mended(body) or read
    try:
        return Read(parse(read.body), read.replaced)
    except Exception:
        if _is_json(read.body):
            raise
    whole = mended(body) if may_mend else None
    return None if whole is None else Read(parse(whole.body), whole.replaced)


def json_value(text: bytes) -> Any:
    """Return the value of JSON that a decoder passed on as text; its numbers may be too large.

    Raises:
        ValueError: It is not JSON.
    """
    try:
        return orjson.loads(text)
    except ValueError:
        whole = mended(text)
        if whole is None:
            raise
        return orjson.loads(whole.body)


def mended(body: bytes) -> Mended | None:
    """Return a body as strict JSON; None where that would be a guess, as for a body cut short."""
    text = body.decode("utf-8", errors="replace").removeprefix("\ufeff")
    mender = _Mender(text)
    mender.mend()
    if mender.nesting:
        return None
    result = "".join(mender.pieces).encode()
    foreign = text.count(REPLACEMENT) - body.count(REPLACEMENT.encode())
    return Mended(result, mender.replaced + foreign) if _is_json(result) else None


def _is_deep(body: bytes) -> bool:
    """Whether a body is nested too deep; the test costs a hundredth of parsing."""
    return any(closers in body for closers in _CLOSERS)


def _is_json(body: bytes) -> bool:
    """Whether a body is strict JSON."""
    try:
        orjson.loads(body)
    except ValueError:
        return False
    return True


@dataclass(slots=True)
class _Mender:
    """Goes through a text once, from token to token, and leaves the rest as it is."""

    text: str
    pieces: list[str] = field(default_factory=list)
    nesting: list[str] = field(default_factory=list)
    replaced: int = 0
    _above: list[str] = field(default_factory=list)
    _done: int = 0

    def mend(self) -> None:
        for found in _TOKEN.finditer(self.text):
            token = found.group()
            if token in _CLOSED_BY:
                self._open(token, found.start())
            elif token in ("]", "}"):
                if not self.nesting or _CLOSED_BY[self.nesting[-1]] != token:
                    self.nesting.append(token)  # it will never be closed: no JSON
                    return
                self._close(found.end())
            else:
                self._replace(found.start(), token)
        self._take(len(self.text))

    def _open(self, token: str, start: int) -> None:
        self.nesting.append(token)
        if len(self.nesting) == DEEPEST + 1:
            self._take(start)
            self._above, self.pieces = self.pieces, []

    def _close(self, end: int) -> None:
        self.nesting.pop()
        if len(self.nesting) == DEEPEST:
            self._take(end)
            deep = "".join(self.pieces)
            self.pieces = [*self._above, orjson.dumps(deep).decode()]

    def _replace(self, start: int, token: str) -> None:
        strict = self._text(token) if token[0] == '"' else _number(token)
        if strict != token:
            self._take(start)
            self.pieces.append(strict)
            self._done = start + len(token)

    def _take(self, end: int) -> None:
        self.pieces.append(self.text[self._done : end])
        self._done = end

    def _text(self, quoted: str) -> str:
        if "\\u" in quoted:
            quoted = _ESCAPE.sub(self._whole, quoted)
        return _CONTROL.sub(lambda found: f"\\u{ord(found.group()):04x}", quoted)

    def _whole(self, escape: re.Match[str]) -> str:
        if escape["half"] is None:
            return escape.group()
        self.replaced += 1
        return REPLACEMENT


def _number(token: str) -> str:
    """Return a number as it is, or quoted if no double can hold it."""
    try:
        is_none = token.endswith(("NaN", "Infinity")) or isinf(float(token))
    except ValueError:  # such as 1.2.3; not for us to understand
        return token
    return f'"{token}"' if is_none else token
