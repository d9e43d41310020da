"""What can go wrong, and what the caller should do about it.

    ZendeskError
    ├── ConfigurationError    a setting is missing or wrong          stop, exit code 2
    │   └── DestinationInUse  another program has the file open      stop, exit code 2
    ├── AuthenticationError   Zendesk does not know who we are       stop, exit code 3
    ├── StreamRefused         Zendesk will not show this stream      skip the stream
    │   ├── AccessDenied      role or scope (403)
    │   └── NotOnThisPlan     plan or feature (404)
    ├── RateLimited           still 429 after every attempt          try again later
    ├── ServerUnavailable     still 5xx, reset or timed out          try again later
    ├── UnexpectedAnswer      an answer we cannot read               fails the stream
    ├── PaginationStuck       a walk that stopped advancing          fails the stream
    ├── Bug                   an exception that nobody foresaw       fails the stream
    └── LoadFailed            the destination refused a load package stop, exit code 1
        └── PackageRefused    because of one table's rows            fails the stream

The class says what to do; the message says what happened, where, and what to type.
A message never holds a secret, a query string, or a row of a customer's data.
"""

from __future__ import annotations

import shutil
import sys
import traceback
from pathlib import Path

_PACKAGE = __name__.partition(".")[0]


class ZendeskError(Exception):
    """Base of every error this package raises on purpose.

    Args:
        what: What happened and where, in one sentence.
        remedy: What the reader can do about it, in one sentence.

    Attributes:
        exit_code: Exit code of a command that ends because of it.
        stops_the_sync: Whether it stops all streams, and not only the one that raised it.
    """

    exit_code = 1
    stops_the_sync = False

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(f"{what} {remedy}".strip())
        self.what = what
        self.remedy = remedy


class ConfigurationError(ZendeskError):
    """A setting is missing, contradictory or malformed."""

    exit_code = 2
    stops_the_sync = True


class DestinationInUse(ConfigurationError):
    """Another process has the DuckDB file open that is to be written."""


def current_folder_gone() -> ConfigurationError | None:
    """Return what to say where the current folder was deleted; None where it is there."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return ConfigurationError(
            "The folder that this was started in is gone.",
            "Change to one that exists, and start again; nothing was changed.",
        )
    return None


class AuthenticationError(ZendeskError):
    """Zendesk refused the credentials (401, invalid grant, or the anonymous user)."""

    exit_code = 3
    stops_the_sync = True


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

    stops_the_sync = True


class DestinationBusy(ZendeskError):
    """Another process is writing to the file that was to be read."""


class PackageRefused(LoadFailed):
    """A load package was refused because of one table; those of other streams are not."""

    stops_the_sync = False


class Bug(ZendeskError):
    """An unforeseen exception, shown without its message, which may quote a row.

    Args:
        error: The exception.
    """

    def __init__(self, error: BaseException) -> None:
        super().__init__(
            f"{type(error).__name__} {_place_of(error)}.",
            "This is a bug in zendesk_source: please report it; --verbose shows the traceback."
            " The next sync reads on from where this stream stood before.",
        )


def _place_of(error: BaseException) -> str:
    """Return where an exception was raised: the innermost of our functions."""
    frames = [
        (str(frame.f_globals.get("__name__", "?")), line, frame.f_code.co_name)
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    own = [frame for frame in frames if frame[0].partition(".")[0] == _PACKAGE]
    if not (own or frames):
        return "somewhere"
    module, line, function = (own or frames)[-1]
    return f"in {module}:{line} {function}"


def as_typed(command: str) -> str:
    """Return how to type a command of our own environment, for a message.

    Args:
        command: Name of the command, such as ``pip``.

    Returns:
        Only the name if the shell finds the command beside our Python, or if there is none
        beside it. Otherwise its path: another ``pip`` would install elsewhere.
    """
    ours = Path(sys.executable).with_name(command)
    found = shutil.which(command)
    if not ours.exists() or (found and Path(found).resolve() == ours.resolve()):
        return command
    return str(ours.relative_to(Path.cwd()) if ours.is_relative_to(Path.cwd()) else ours)
