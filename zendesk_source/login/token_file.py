"""The file that keeps a rotating pair of tokens: durable, private, and one process at a time.

A refresh token is good for one use, and its use kills the access token too. So the place for
the new pair is made before Zendesk is asked, and the pair is on the disk before it is used:

    reserve   <file>.new is written, full of blanks: a full disk or a read-only folder shows here
    ask       Zendesk kills the old pair and answers with the new one
    store     <file>.new gets the pair, is synced, and takes the place of <file>

A process that dies while it stores leaves <file>.new. If the pair is in it, the next process takes
it over. A pair is lost only if the process dies between Zendesk's answer and the first write, or if
the answer is lost on its way.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import orjson

from zendesk_source.api.budget import OnWait
from zendesk_source.api.clock import Clock
from zendesk_source.errors import ConfigurationError
from zendesk_source.file_lock import file_lock
from zendesk_source.login.redaction import keep_out

LOGIN = "Log in anew: zendesk-source login"
"""What to do when a refresh token is of no use any more."""

_SENT_AS_IT_IS = re.compile(r"[!-~]+")
_RESERVED_BYTES = 8_192
_USUAL_WAIT_SECONDS = 3.0
_LONGEST_WAIT_SECONDS = 600.0
_ELSEWHERE = (
    "Zendesk gives a new refresh token with each use and ends the old one, so it was not used. Set"
    " `token_file` to a path on a disk that is writable and stays, or log in with `client_id` and"
    " `client_secret` (client credentials), which need no file."
)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A pair of tokens, as the file keeps it.

    Attributes:
        base_url: Address of the account.
        client_id: Identifier of the OAuth client that they belong to.
        access_token: Goes into the Authorization header.
        refresh_token: Renews both tokens, once.
        scope: What they may read.
        stored_at: When Zendesk gave them.
        expires_at: When the access token expires; ``None`` = never.
        refresh_expires_at: When the refresh token expires; ``None`` = unknown.
        grown_from: Fingerprint of the `refresh_token` in the settings at that time.
    """

    base_url: str
    client_id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    scope: str
    stored_at: datetime
    expires_at: datetime | None
    refresh_expires_at: datetime | None
    grown_from: str = ""


class TokenFile:
    """A pair of tokens on the disk.

    Args:
        path: Where the file is; a link is followed.
        clock: Time and the way to wait.
        on_wait: Called while another process renews the pair.
    """

    def __init__(self, path: Path, clock: Clock, on_wait: OnWait | None = None) -> None:
        self.path = Path(os.path.realpath(path.expanduser()))
        self._clock = clock
        self._on_wait = on_wait

    def read(self) -> TokenPair | None:
        """Return the pair; ``None`` when there is no file.

        Raises:
            ConfigurationError: The file cannot be read, is not ours, or others may read it.
        """
        try:
            with self.path.open("rb") as file:
                self._check_mode(os.fstat(file.fileno()).st_mode)
                pair = _parsed(file.read())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigurationError(
                f"The token file {self.path} cannot be read:"
                f" {error.strerror or type(error).__name__}.",
                "It must belong to the user who runs this. Or set `token_file` to another path.",
            ) from error
        if pair is None:
            raise ConfigurationError(
                f"The token file {self.path} does not hold tokens.",
                f"Set `token_file` to another path, or remove the file. {LOGIN}.",
            )
        return pair

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from renewing the pair at the same time.

        Raises:
            ConfigurationError: The folder cannot be written to, or another process does not end.
        """
        waiting_since = self._clock.monotonic()

        def wait() -> None:
            waited_seconds = self._clock.monotonic() - waiting_since
            if waited_seconds > _LONGEST_WAIT_SECONDS:
                raise ConfigurationError(
                    f"Another process has been renewing the tokens in {self.path} for"
                    f" {_LONGEST_WAIT_SECONDS / 60:.0f} minutes.",
                    "End it, and start again.",
                )
            is_usual = waited_seconds < _USUAL_WAIT_SECONDS
            look_again_seconds = 0.1 if is_usual else _USUAL_WAIT_SECONDS
            if not is_usual and self._on_wait is not None:
                self._on_wait("another process renews the tokens", look_again_seconds)
            self._clock.sleep(look_again_seconds)

        with ExitStack() as held:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                held.enter_context(file_lock(self._beside("lock"), wait))
                self._recover()
            except OSError as error:
                raise self._not_writable(error) from error
            yield

    def reserve(self) -> None:
        """Make room for a new pair before the old one is spent; only while locked.

        Raises:
            ConfigurationError: There is no room, or no right to write.
        """
        try:
            self._write(b"")
        except OSError as error:
            raise self._not_writable(error) from error

    def store(self, pair: TokenPair) -> None:
        """Put a new pair in the place of the old one, on the disk itself; only while locked.

        Raises:
            ConfigurationError: It cannot be written, although ``reserve`` has made room.
        """
        try:
            self._write(orjson.dumps(asdict(pair), option=orjson.OPT_INDENT_2))
            self._take_place()
        except OSError as error:
            raise ConfigurationError(
                f"The new tokens could not be stored in {self.path}:"
                f" {error.strerror or type(error).__name__}; the old ones are spent.",
                f"Make room there. {LOGIN}.",
            ) from error

    def _write(self, content: bytes) -> None:
        """Write the file's successor, padded with blanks, which JSON ignores."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(self._beside("new"), flags, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            if os.name != "nt":
                os.fchmod(descriptor, 0o600)
            padded = content.ljust(_RESERVED_BYTES)
            if file.write(padded) != len(padded):  # unbuffered, so it may end where the disk does
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            file.truncate()
            os.fsync(descriptor)

    def _recover(self) -> None:
        """Take over a pair whose process died after writing it, before it was in place."""
        with suppress(FileNotFoundError):
            if _parsed(self._beside("new").read_bytes()) is not None:
                self._take_place()

    def _take_place(self) -> None:
        self._beside("new").replace(self.path)
        self._sync_folder()

    def _sync_folder(self) -> None:
        if os.name == "nt":  # pragma: no cover (folders cannot be opened there)
            return
        descriptor = os.open(self.path.parent, os.O_RDONLY)
        try:
            with suppress(OSError):  # some file systems cannot
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _beside(self, ending: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{ending}")

    def _check_mode(self, mode: int) -> None:
        if os.name == "nt" or not mode & (stat.S_IRWXG | stat.S_IRWXO):
            return
        raise ConfigurationError(
            f"Others may read the token file {self.path} (mode {stat.S_IMODE(mode):04o}).",
            f"Close it: chmod 600 {self.path}. If somebody may have read it, also log in again:"
            " zendesk-source login.",
        )

    def _not_writable(self, error: OSError) -> ConfigurationError:
        reason = error.strerror or type(error).__name__
        return ConfigurationError(
            f"New tokens cannot be stored in {self.path}: {reason}.", _ELSEWHERE
        )


def _parsed(content: bytes) -> TokenPair | None:
    try:
        found = orjson.loads(content)
    except ValueError:
        return None
    if not isinstance(found, dict) or {each.name for each in fields(TokenPair)} - set(found):
        return None
    known: dict[str, Any] = {each.name: found[each.name] for each in fields(TokenPair)}
    try:
        for name in ("stored_at", "expires_at", "refresh_expires_at"):
            moment = known[name]
            known[name] = moment and datetime.fromisoformat(moment).astimezone(timezone.utc)
    except (TypeError, ValueError):
        return None
    texts = [known[name] for name in ("base_url", "client_id", "access_token", "refresh_token")]
    is_whole = known["stored_at"] and all(isinstance(text, str) and text for text in texts)
    if not is_whole or not all(_SENT_AS_IT_IS.fullmatch(token) for token in texts[2:]):
        return None
    keep_out(*texts[2:])
    return TokenPair(**known)
