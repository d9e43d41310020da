"""Takes out of a text what may be a secret: what drivers and libraries say quotes what they got."""

from __future__ import annotations

import re

_IN_A_URL = re.compile(r"://[^/@\s]+@")
_ASSIGNED = re.compile(r"(?i)\b(password|secret|token|key)=\S+")
_IN_A_HEADER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+")


def without_secrets(text: str) -> str:
    """Return a text with dots where a URL, an assignment or a header has its secret."""
    text = _ASSIGNED.sub(r"\1=...", _IN_A_URL.sub("://...@", text))
    return _IN_A_HEADER.sub(r"\1 ...", text)
