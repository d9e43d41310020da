"""Takes out of a text what may be a secret: what drivers and libraries say quotes what they got."""

from __future__ import annotations

import re
from urllib.parse import quote

_IN_A_URL = re.compile(r"://[^\s@]*(?:@[^\s/@]*)*@")
_ASSIGNED = re.compile(
    r"""(?ix)\b(password|passwd|pwd|secret|token|key)(["']?\s*[=:]\s*)(?:'[^']*'|"[^"]*"|[^\s,;&]+)"""
)
_IN_A_HEADER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+")

_SHORTEST = 8
"""Zendesk's have 40 letters and more; a short one would be found in words that say something."""

_kept_out: set[str] = set()


def keep_out(*secrets: str) -> None:
    """Take these texts out of all that is told from now on, also where a library quotes them."""
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            _kept_out.update((secret, repr(secret)[1:-1], quote(secret, safe="")))


def without_secrets(text: str) -> str:
    """Return a text with dots for what is kept out, and where a secret looks like one.

    That is in a URL, an assignment and a header.
    """
    text = without_known_secrets(text)
    text = _ASSIGNED.sub(r"\1\2...", _IN_A_URL.sub("://...@", text))
    return _IN_A_HEADER.sub(r"\1 ...", text)


def without_known_secrets(text: str) -> str:
    """Return a text with dots for what is kept out."""
    for secret in sorted(_kept_out, key=len, reverse=True):
        text = text.replace(secret, "...")
    return text
