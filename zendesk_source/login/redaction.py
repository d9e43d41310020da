"""Keeps secrets out of messages: drivers and libraries quote what they were given."""

from __future__ import annotations

import re
from urllib.parse import quote

_IN_A_URL = re.compile(r"://[^\s@]*(?:@[^\s/@]*)*@")
_ASSIGNED = re.compile(
    r"""(?ix)\b(password|passwd|pwd|secret|token|key)(["']?\s*[=:]\s*)(?:'[^']*'|"[^"]*"|[^\s,;&]+)"""
)
_IN_A_HEADER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+")

_SHORTEST = 8
"""Zendesk's secrets have 40 letters and more; a shorter one could be part of a plain word."""

_kept_out: set[str] = set()


def keep_out(*secrets: str) -> None:
    """Replace these texts in every later message, even if a library quotes them."""
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            _kept_out.update((secret, repr(secret)[1:-1], quote(secret, safe="")))


def without_secrets(text: str) -> str:
    """Return a text with dots in place of known secrets, and of what looks like a secret.

    URLs, assignments and headers are searched for what looks like one.
    """
    text = without_known_secrets(text)
    text = _ASSIGNED.sub(r"\1\2...", _IN_A_URL.sub("://...@", text))
    return _IN_A_HEADER.sub(r"\1 ...", text)


def without_known_secrets(text: str) -> str:
    """Return a text with dots in place of known secrets."""
    for secret in sorted(_kept_out, key=len, reverse=True):
        text = text.replace(secret, "...")
    return text
