"""What can go wrong, and what the caller should do about it.

    ZendeskError
    ├── ConfigurationError    a setting is missing or wrong          stop, exit code 2
    ├── AuthenticationError   Zendesk does not know who we are       stop, exit code 3
    ├── StreamRefused         Zendesk will not show this stream      skip the stream
    │   ├── AccessDenied      role or scope (403)
    │   └── NotOnThisPlan     plan or feature (404)
    ├── RateLimited           still 429 after every attempt          try again later
    ├── ServerUnavailable     still 5xx, reset or timed out          try again later
    ├── UnexpectedAnswer      an answer we cannot read               fails the stream
    ├── PaginationStuck       a walk that stopped advancing          fails the stream
    └── LoadFailed            the destination refused a load package stop, exit code 1

The class says what to do; the message says what happened, where, and what to type.
A message never holds a secret, a query string, or a row of a customer's data.
"""

from __future__ import annotations


class ZendeskError(Exception):
    """Base of every error this package raises on purpose.

    Args:
        what: What happened and where, in one sentence.
        remedy: What the reader can do about it, in one sentence.
    """

    exit_code = 1

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(f"{what} {remedy}".strip())
        self.what = what
        self.remedy = remedy


class ConfigurationError(ZendeskError):
    """A setting is missing, contradictory or malformed."""

    exit_code = 2


class AuthenticationError(ZendeskError):
    """Zendesk refused the credentials (401, invalid grant, or the anonymous user)."""

    exit_code = 3


class StreamRefused(ZendeskError):
    """Zendesk refuses one stream; the others can go on."""

    exit_code = 5


class AccessDenied(StreamRefused):
    """The role or the OAuth scope does not allow this stream (403)."""


class NotOnThisPlan(StreamRefused):
    """The path is unknown to this account: the feature or plan is missing (404)."""


class RateLimited(ZendeskError):
    """Zendesk kept answering 429 after every attempt."""


class ServerUnavailable(ZendeskError):
    """Zendesk kept failing (5xx, 409, reset, time-out) after every attempt."""


class UnexpectedAnswer(ZendeskError):
    """An answer that is not what the API documents: HTML, truncated JSON, a missing key."""


class PaginationStuck(ZendeskError):
    """The same position came twice without the end: following it would loop for ever."""


class LoadFailed(ZendeskError):
    """The destination refused a load package; the position stays behind the data."""
