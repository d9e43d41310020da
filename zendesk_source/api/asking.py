"""One page over all its attempts: counts what went wrong, and decides when to give up."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from zendesk_source.api.auth import Auth
from zendesk_source.api.refusals import where
from zendesk_source.api.retry import RetryPolicy
from zendesk_source.api.transport.unreachable import Unreachable
from zendesk_source.errors import RateLimited, ServerUnavailable, UnexpectedAnswer, ZendeskError


@dataclass(slots=True, kw_only=True)
class Asking:
    """One page being asked for.

    Attributes:
        target: Path and query.
        stream: Whose page; may be empty.
        buckets: Names of the rate limits it counts in.
        auth: Who asks.
        halve_on_timeout: Whether the caller asks for a smaller page when Zendesk takes too long.
        failures: Attempts that brought no answer, or none that can be read.
        refusals_in_a_row: Answers 429.
        told_to_wait_seconds: How long Zendesk has made it wait so far.
        unreachable: Why the last attempt got no connection, where that is known.
        is_renewed: Whether the token was renewed for this page.
        header: Authorization header of the last attempt.
        unreadable: Body of the last answer that could not be read.
    """

    target: str
    stream: str
    buckets: tuple[str, ...]
    auth: Auth
    halve_on_timeout: bool
    failures: int = 0
    refusals_in_a_row: int = 0
    told_to_wait_seconds: float = 0.0
    unreachable: Unreachable | None = None
    is_renewed: bool = False
    header: str = field(default="", repr=False)
    unreadable: bytes = field(default=b"", repr=False)

    @property
    def path(self) -> str:
        """Path, without a query."""
        return urlsplit(self.target).path

    @property
    def where(self) -> str:
        """The stream and the path, for messages."""
        return where(self.stream, self.path)

    def bearable(self, asked_seconds: float, retry: RetryPolicy) -> float:
        """Return how long to wait of what Zendesk asks for; 0 once it has asked for too much."""
        left_seconds = retry.longest_wait_seconds - self.told_to_wait_seconds
        wait_seconds = min(asked_seconds, left_seconds)
        self.told_to_wait_seconds += wait_seconds
        return wait_seconds

    def too_often_refused(self, asked_seconds: float) -> ZendeskError:
        """Return the error for a page that was answered with 429 too often.

        Args:
            asked_seconds: How long the last 429 asks to wait.
        """
        return RateLimited(
            f"{self.where} answered 429 {self.refusals_in_a_row} times in a row: it made us wait"
            f" {self.told_to_wait_seconds:,.0f} s, and asks for {asked_seconds:,.0f} s more.",
            "Another tool uses up the account's rate limit: lower its rate or run later.",
        )

    def too_large(self, size: str) -> ZendeskError:
        """Return the error for an answer that does not end.

        Args:
            size: How much was read of it, as text.
        """
        return UnexpectedAnswer(
            f"{self.where} gave an answer of {size}.",
            "Nothing of it was taken. Run again later, and report it if it stays.",
        )

    def given_up(self, reason: str) -> ZendeskError:
        """Return the error for a page whose last attempt has failed.

        Args:
            reason: Why it failed; empty for an answer that cannot be read.
        """
        if not reason:
            return UnexpectedAnswer(
                f"{self.where} gave an answer that is not JSON {self.failures} times in a row.",
                "Run again later; if it stays, open a ticket with Zendesk.",
            )
        if self.unreachable is not None:
            return ServerUnavailable(
                f"{self.where} failed {self.failures} times in a row. {self.unreachable.what}",
                self.unreachable.remedy,
            )
        return ServerUnavailable(
            f"{self.where} failed {self.failures} times in a row, the last time with {reason}.",
            "See https://status.zendesk.com and run again later: it goes on where it stopped.",
        )
