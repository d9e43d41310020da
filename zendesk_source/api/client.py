"""The one place that sends a request: paced, retried, measured, and understood.

Source: https://developer.zendesk.com/api-reference/introduction/requests/
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Generic, TypeVar
from urllib.parse import urlsplit

import orjson

from zendesk_source.api.asking import Asking
from zendesk_source.api.auth import Auth
from zendesk_source.api.bucket import Grant
from zendesk_source.api.budget import CHAT, Budget, LimitInUse, OnWait, product_bucket
from zendesk_source.api.clock import Clock, hearing
from zendesk_source.api.mending import read_body
from zendesk_source.api.rate_headers import rate_states
from zendesk_source.api.refusals import PageTooHeavy, error_name, refusal
from zendesk_source.api.retry import (
    RETRIED_STATUSES,
    TIMEOUT_STATUSES,
    RetryPolicy,
    retry_after_seconds,
)
from zendesk_source.api.standing import CLOSED_REMEDY, USERS_ME, Standing
from zendesk_source.api.transport.exchange import Transport
from zendesk_source.api.transport.wire import AnswerTooLarge, Limits, Reply, TransportFailed, Wire
from zendesk_source.api.usage import Usage
from zendesk_source.errors import (
    AccessDenied,
    AuthenticationError,
    ConfigurationError,
    UnexpectedAnswer,
)

T = TypeVar("T")
Holdable = Callable[[bytes], tuple[bytes, int]]
"""Replaces the characters of a body that the destination cannot hold, and counts them."""

_SHORTEST_REFUSAL_SECONDS = 1.0
_WHOLE_ANSWERS = frozenset({200, 203})  # 206 is a part of one, which must not pass for all
_FARTHEST_CLOCKS = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A page that arrived whole.

    Attributes:
        value: What ``parse`` made of the body.
        server_time: Zendesk's clock when it answered, to the second.
        received_at: Our clock when the body had arrived.
        body_bytes: Size of the body, unpacked.
        mended: How many characters were invalid and are now U+FFFD.
    """

    value: T
    server_time: datetime
    received_at: datetime
    body_bytes: int
    mended: int = 0


class ZendeskClient:
    """Asks one account for pages; safe for many threads.

    Args:
        base_url: Scheme, host and port of the account.
        auth: Log-in for every product but Chat, and for Chat too unless ``chat_auth`` is given.
        chat_auth: Log-in for Chat.
        budget: Paces the requests; a new one when left out.
        clock: Time and the way to wait.
        retry: How often to ask for one page again.
        limits: How long and how large one answer may be.
        wire: Sends the requests; a new one when left out.
        on_wait: Told why and how long a request waits.
        holdable: Applied to bodies before they are decoded; None if the destination holds
            everything.
    """

    def __init__(
        self,
        base_url: str,
        auth: Auth,
        *,
        chat_auth: Auth | None = None,
        budget: Budget | None = None,
        clock: Clock | None = None,
        retry: RetryPolicy | None = None,
        limits: Limits | None = None,
        wire: Wire | None = None,
        on_wait: OnWait | None = None,
        holdable: Holdable | None = None,
    ) -> None:
        self.holdable = holdable
        self._clock = hearing(clock)
        self._transport = Transport(base_url, limits=limits, wire=wire)
        self._auth = auth
        self._chat_auth = chat_auth or auth
        self._is_refused_by_chat = False
        self._budget = budget or Budget(self._clock)
        self._retry = retry or RetryPolicy()
        self._on_wait = on_wait
        self._ahead = timedelta(0)
        self._usage: dict[str, Usage] = {}
        self._usage_lock = threading.Lock()
        self.standing = Standing(self, self._clock)

    def at(self, address: str) -> ZendeskClient:
        """Return a client for another address of the account, which shares everything else.

        Raises:
            UnexpectedAnswer: The address is not the account's.
        """
        other = copy(self)
        other._transport = self._transport.at(address)
        return other

    @property
    def usage(self) -> dict[str, Usage]:
        """A copy of what every stream has cost so far."""
        with self._usage_lock:
            return {stream: replace(usage) for stream, usage in self._usage.items()}

    def usage_of(self, stream: str) -> Usage:
        """Return what one stream has cost so far; all zero when it has not asked yet."""
        with self._usage_lock:
            return replace(self._usage.get(stream, Usage()))

    def count_anew(self) -> None:
        """Forget what the streams have cost so far."""
        with self._usage_lock:
            self._usage.clear()  # in place: the clients for other addresses count here, too

    def now(self) -> datetime:
        """Return Zendesk's time by its last answer; our own time before the first answer."""
        return self._clock.now() + self._ahead

    def requests_per_second(self, bucket: str) -> float:
        """Return how many requests an endpoint's rate limit allows; infinite when unknown."""
        return self._budget.requests_per_second(bucket)

    def limits_of(self, path: str, bucket: str) -> Mapping[str, float]:
        """Return the rate limits that a request counts in, each with its requests a second."""
        names = filter(None, (product_bucket(path), bucket))  # of Chat these are the same
        return {name: self._budget.requests_per_second(name) for name in names}

    def rate_limits(self) -> dict[str, tuple[int, float]]:
        """Return requests and seconds of each rate limit that Zendesk's answers have named."""
        return self._budget.learned()

    def rate_limits_in_use(self) -> dict[str, LimitInUse]:
        """Return how much of each rate limit is used that Zendesk's answers have named."""
        return self._budget.in_use()

    def get(
        self,
        path_or_url: str,
        params: Mapping[str, object] | None = None,
        *,
        stream: str = "",
        bucket: str = "",
        parse: Callable[[bytes], T] = orjson.loads,
        halve_on_timeout: bool = False,
    ) -> Answer[T]:
        """Ask for one page until it arrives.

        Args:
            path_or_url: Path below the account, or a link from an answer.
            params: Query parameters, not yet encoded.
            stream: Name under which usage is counted, and which messages show.
            bucket: The endpoint's own rate limit, beside that of the product.
            parse: Decodes the body. If it fails on a body that is not JSON, the answer counts as
                faulty, and the page is asked for again. If the same body comes again it is
                mended, unless that would be a guess.
            halve_on_timeout: Raise ``PageTooHeavy`` on the first 504, 524 or time-out.

        Raises:
            AccessDenied: 403, or 401 while ``users/me`` accepts the same credentials.
            NotOnThisPlan: 404 or 410.
            AuthenticationError: 401, also after a renewal, and from ``users/me`` as well.
            ConfigurationError: The account is unknown or has moved, for ``users/me`` as well.
            RateLimited: 429 again and again.
            ServerUnavailable: 5xx, 408, 409, 425, reset or time-out on every attempt.
            UnexpectedAnswer: Any other 4xx, or a body that is too large or cannot be read.
            Stopped: The sync is over.
        """
        target = self._transport.path_and_query(path_or_url, params)
        product = product_bucket(urlsplit(target).path)
        asking = Asking(
            target=target,
            stream=stream,
            buckets=(product, bucket),
            auth=self._chat_auth if product == CHAT else self._auth,
            halve_on_timeout=halve_on_timeout,
        )
        while True:
            try:
                reply = self._reply(asking)
            except ConfigurationError as error:
                if asking.path == USERS_ME or not self.standing.is_known(asking.header):
                    raise
                raise UnexpectedAnswer(f"{asking.where}: {error.what}", CLOSED_REMEDY) from error
            if reply is None:
                continue
            answer = self._parsed(asking, reply, parse)
            if answer is not None:
                self._count(stream, body_bytes=answer.body_bytes)
                return answer

    def _reply(self, asking: Asking) -> Reply | None:
        """Send once; ``None`` means: ask again."""
        self._clock.check()
        grant = self._budget.acquire(asking.buckets, endpoint=asking.path, on_wait=self._on_wait)
        self._count(asking.stream, waited_seconds=grant.waited_seconds)
        try:
            asking.header = asking.auth.header()
            reply = self._exchange(asking)
        except TransportFailed as raised:
            failed = raised
        except BaseException:
            self._budget.settle(grant)
            raise
        else:
            return self._understood(asking, grant, reply)
        self._budget.settle(grant)
        self._not_answered(asking, failed)
        return None

    def _exchange(self, asking: Asking) -> Reply:
        asked_at = self._clock.monotonic()
        self._count(asking.stream, requests=1)
        try:
            left_seconds = self._clock.seconds_left
            return self._transport.exchange(asking.target, asking.header, left_seconds)
        finally:
            self._count(asking.stream, answer_seconds=self._clock.monotonic() - asked_at)

    def _understood(self, asking: Asking, grant: Grant, reply: Reply) -> Reply | None:
        now = self._clock.now()
        server_time = _server_time(reply, now)
        self._ahead = server_time - now
        states = rate_states(reply.headers, asking.buckets[0], server_time)
        asked_seconds = retry_after_seconds(reply.headers, server_time)
        if reply.status == 429:
            if asked_seconds is None:
                asked_seconds = self._retry.wait_without_retry_after_seconds
            asked_seconds = max(asked_seconds, _SHORTEST_REFUSAL_SECONDS)
            wait_seconds = asking.bearable(asked_seconds, self._retry)
            self._budget.refuse(grant, states, wait_seconds)
            self._refused(asking, asked_seconds, wait_seconds)
            return None
        is_good = reply.status in _WHOLE_ANSWERS
        self._budget.settle(grant, states if states or is_good else None)
        asking.refusals_in_a_row, asking.unreachable = 0, None
        if reply.status == 401:
            self._renew(asking, reply)
            return None
        if reply.status in RETRIED_STATUSES:
            reason = f"{reply.status} {error_name(reply.body)}".rstrip()
            is_timeout = reply.status in TIMEOUT_STATUSES
            wait_seconds = asking.bearable(asked_seconds or 0.0, self._retry)
            self._fail(asking, reason, is_timeout=is_timeout, wait_seconds=wait_seconds)
            return None
        if 200 <= reply.status < 300 and not is_good:
            self._fail(asking, "", is_timeout=False)
            return None
        if not is_good:
            raise refusal(
                reply.status,
                reply.body,
                stream=asking.stream,
                path=asking.path,
                server_time=server_time,
            )
        return reply

    def _parsed(
        self, asking: Asking, reply: Reply, parse: Callable[[bytes], T]
    ) -> Answer[T] | None:
        received_at = self._clock.now()
        # Asked again it mostly comes whole; the same body twice will come a third time.
        is_last = asking.failures + 1 >= self._retry.attempts
        read = read_body(reply.body, parse, may_mend=is_last or reply.body == asking.unreadable)
        if read is None:
            asking.unreadable = reply.body
            self._fail(asking, "", is_timeout=False)
            return None
        return Answer(
            value=read.value,
            server_time=_server_time(reply, received_at),
            received_at=received_at,
            body_bytes=len(reply.body),
            mended=read.replaced,
        )

    def _refused(self, asking: Asking, asked_seconds: float, wait_seconds: float) -> None:
        asking.refusals_in_a_row += 1
        self._count(asking.stream, rate_limited=1)
        if wait_seconds <= 0 or asking.refusals_in_a_row > self._retry.refusals_in_a_row:
            raise asking.too_often_refused(asked_seconds)

    def _renew(self, asking: Asking, reply: Reply) -> None:
        is_chat = asking.buckets[0] == CHAT
        name = error_name(reply.body)
        what = f"{asking.where} answered 401{f' ({name})' if name else ''}."
        # The name that OAuth has for a token that has died; after a renewal it cannot be that.
        is_said_dead = name == "invalid_token" and not asking.is_renewed
        is_of_stream = asking.path != USERS_ME and not is_chat and not is_said_dead
        if is_of_stream and self.standing.is_known(asking.header):
            if asking.is_renewed or asking.auth.header() == asking.header:
                raise AccessDenied(what, CLOSED_REMEDY)
            asking.is_renewed = True  # by another request, meanwhile
            return
        # A renewal may spend a refresh token; where Chat has refused a new token it is of no use.
        may_help = not asking.is_renewed and not (is_chat and self._is_refused_by_chat)
        if may_help and asking.auth.renew(asking.header):
            asking.is_renewed = True
            return
        if is_chat:
            self._is_refused_by_chat = True
            raise AccessDenied(what, _chat_remedy(self._auth, self._chat_auth))
        raise AuthenticationError(what, self._auth.remedy)

    def _not_answered(self, asking: Asking, failed: TransportFailed) -> None:
        if isinstance(failed, AnswerTooLarge):
            raise asking.too_large(str(failed))
        asking.unreachable = failed.unreachable
        self._fail(asking, str(failed), is_timeout=failed.is_timeout)

    def _fail(
        self,
        asking: Asking,
        reason: str,
        *,
        is_timeout: bool,
        wait_seconds: float = 0.0,
    ) -> None:
        """Wait before the next attempt, or give up; an empty reason means an unreadable body."""
        self._clock.check()
        asking.failures += 1
        if is_timeout and asking.halve_on_timeout:
            self._count(asking.stream, retries=1)
            raise PageTooHeavy(asking.where)
        if asking.failures >= self._retry.attempts:
            raise asking.given_up(reason)
        if wait_seconds <= 0:
            wait_seconds = self._retry.backoff_seconds(asking.failures)
        self._count(asking.stream, retries=1, waited_seconds=wait_seconds)
        if self._on_wait is not None:
            self._on_wait(f"{asking.where}: {reason or 'unreadable answer'}", wait_seconds)
        self._clock.sleep(wait_seconds)

    def _count(self, stream: str, **amounts: float) -> None:
        with self._usage_lock:
            usage = self._usage.setdefault(stream, Usage())
            for name, amount in amounts.items():
                setattr(usage, name, getattr(usage, name) + amount)


def _chat_remedy(auth: Auth, chat_auth: Auth) -> str:
    if chat_auth is not auth:
        return chat_auth.remedy
    return "Chat does not take these credentials: set `chat_token`, a token of Chat's own."


def _server_time(reply: Reply, now: datetime) -> datetime:
    """Return Zendesk's clock as an answer shows it, or ours where it shows no credible one.

    Where the two differ Zendesk's counts, because it is compared with Zendesk's own times. But
    they cannot differ by more than a year: no certificate would be valid at both.
    """
    try:
        moment = parsedate_to_datetime(reply.headers["Date"])
        moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        return moment if abs(moment - now) < _FARTHEST_CLOCKS else now
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        return now
