"""How fast to ask: one budget for each account, which waits before Zendesk has to say no.

A request counts in several buckets at once: that of its product (``account``, ``help-center``)
and, for exports, a small shared one (``incremental-exports``, ten requests a minute for all
exports together). The headers of every answer tell the sizes.

Source: https://developer.zendesk.com/api-reference/introduction/rate-limits/
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from zendesk_source.api.bucket import Bucket, Grant
from zendesk_source.api.clock import Clock, SystemClock
from zendesk_source.api.rate_headers import RateState

OnWait = Callable[[str, float], None]
"""Called once for each wait: why a request waits, and for how many seconds."""

ACCOUNT = "account"
HELP_CENTER = "help-center"
TALK = "talk"
CHAT = "chat"
EXPORTS = "incremental-exports"
USERS_CURSOR_EXPORT = "incremental-exports-cursor"
TALK_EXPORTS = "talk-incremental-exports"
CUSTOM_OBJECT_EXPORTS = "incremental-custom-objects"
ACCESS_LOGS = "access-logs"
SIDE_CONVERSATION_EVENTS = "side-conversation-events"
AGENT_AVAILABILITIES = "agent-availabilities"

_SHARED_WITH_OTHER_TOOLS = frozenset({ACCOUNT, HELP_CENTER, TALK, CHAT})
# Requests and seconds, until an answer says otherwise (an add-on triples the exports).
_SIZES_BEFORE_THE_FIRST_ANSWER = {
    EXPORTS: (10, 60.0),
    USERS_CURSOR_EXPORT: (20, 60.0),
    TALK_EXPORTS: (10, 60.0),
    CUSTOM_OBJECT_EXPORTS: (10, 60.0),
    CHAT: (200, 60.0),
    TALK: (15_000, 300.0),
    ACCESS_LOGS: (50, 60.0),
    SIDE_CONVERSATION_EVENTS: (600, 600.0),
    AGENT_AVAILABILITIES: (300, 60.0),
}
# A wait is looked at again this often, because an answer may show an earlier reset.
_NAP_SECONDS = 1.0
_SHORTEST_NAP_SECONDS = 0.001
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class LimitInUse:
    """A rate limit, and how much of it is used.

    Attributes:
        requests: How many requests Zendesk allows in a window.
        window_seconds: Length of a window.
        used: Requests of the current window, those of the account's other tools included.
    """

    requests: int
    window_seconds: float
    used: int


@dataclass(slots=True)
class _Tables:
    buckets: dict[str, Bucket] = field(default_factory=dict)
    extra_by_endpoint: dict[str, set[str]] = field(default_factory=dict)


class Budget:
    """Paces the requests of all threads to one account.

    Args:
        clock: Time and the way to wait.
        rate_limit_share: Largest part of the account's bucket to use, above 0 and up to 1.
            The rest is left to the account's other tools. Export buckets are used in full.
    """

    def __init__(self, clock: Clock | None = None, *, rate_limit_share: float = 0.9) -> None:
        if not 0 < rate_limit_share <= 1:
            raise ValueError("rate_limit_share must be above 0 and at most 1")
        self._clock = clock or SystemClock()
        self._share = rate_limit_share
        self._lock = threading.Lock()
        self._tables = _Tables()

    def acquire(
        self, buckets: Iterable[str], *, endpoint: str = "", on_wait: OnWait | None = None
    ) -> Grant:
        """Wait until every bucket has room, then take one request from each.

        Every grant must be given back with ``settle``.

        Args:
            buckets: Names, for example ``("account", "incremental-exports")``.
            endpoint: Path of the request. Buckets that only its answers name are remembered
                under it.
            on_wait: Called when the request has to wait.
        """
        waited_seconds, announced_until = 0.0, float("-inf")
        while True:
            with self._lock:
                now = self._clock.monotonic()
                names = self._names(buckets, endpoint)
                slowest, wait_seconds = self._slowest(names, now)
                if slowest is None:
                    return self._grant(names, endpoint, now, waited_seconds)
                reason = slowest.reason()
            if on_wait is not None and now >= announced_until - _SHORTEST_NAP_SECONDS:
                on_wait(reason, wait_seconds)
                announced_until = now + wait_seconds
            nap_seconds = max(_SHORTEST_NAP_SECONDS, min(wait_seconds, _NAP_SECONDS))
            self._clock.sleep(nap_seconds)
            waited_seconds += nap_seconds

    def wait_seconds(self, buckets: Iterable[str], *, endpoint: str = "") -> float:
        """Return how long a request would have to wait if it were asked for now."""
        with self._lock:
            now = self._clock.monotonic()
            return self._slowest(self._names(buckets, endpoint), now)[1]

    def requests_per_second(self, name: str) -> float:
        """Return how many requests a bucket allows; infinite while it has no known limit."""
        with self._lock:
            return self._bucket(name).requests_per_second()

    def learned(self) -> dict[str, tuple[int, float]]:
        """Return requests and seconds of each rate limit that Zendesk's answers have named."""
        with self._lock:
            buckets = self._tables.buckets.items()
            return {name: bucket.learned for name, bucket in buckets if bucket.learned}

    def in_use(self) -> dict[str, LimitInUse]:
        """Return how much of each rate limit is used that Zendesk's answers have named."""
        with self._lock:
            now = self._clock.monotonic()
            return {
                name: LimitInUse(*bucket.learned, bucket.used(now))
                for name, bucket in self._tables.buckets.items()
                if bucket.learned
            }

    def settle(self, grant: Grant, states: Iterable[RateState] | None = None) -> None:
        """Give a grant back when its request was answered, or has failed.

        Args:
            grant: From ``acquire``.
            states: What the headers of a good answer say, from ``rate_states``; None after a
                failure.
        """
        with self._lock:
            now = self._clock.monotonic()
            known = list(states or ())
            for state in known:
                self._learn(grant, state, now)
            # Every good answer of Support names a limit: one that does not has none.
            if states is not None and not known and ACCOUNT in grant.buckets:
                for name in grant.buckets:
                    self._bucket(name).stop_assuming()
            grant.is_open = False

    def refuse(self, grant: Grant, states: Iterable[RateState], retry_after_seconds: float) -> None:
        """Give a grant back whose request was answered with 429, and block the empty bucket.

        Args:
            grant: From ``acquire``.
            states: What the headers of the 429 say.
            retry_after_seconds: From ``Retry-After``, or a guess.
        """
        states = list(states)
        empty = {state.bucket for state in states if state.remaining <= 0}
        self.settle(grant, states or None)
        with self._lock:
            now = self._clock.monotonic()
            blamed = [name for name in grant.buckets if name in empty] or [grant.buckets[-1]]
            for name in blamed:
                self._bucket(name).block(grant, now, retry_after_seconds)

    def _names(self, buckets: Iterable[str], endpoint: str) -> tuple[str, ...]:
        named = [name for name in buckets if name]
        extra = self._tables.extra_by_endpoint.get(_kind_of(endpoint), set())
        return tuple(dict.fromkeys([*named, *sorted(extra)]))

    def _slowest(self, names: Iterable[str], now: float) -> tuple[Bucket | None, float]:
        waits = [(self._bucket(name).wait_seconds(now), name) for name in names]
        wait_seconds, name = max(waits, default=(0.0, ""))
        return (self._bucket(name), wait_seconds) if wait_seconds > 0 else (None, 0.0)

    def _grant(
        self, names: tuple[str, ...], endpoint: str, now: float, waited_seconds: float
    ) -> Grant:
        grant = Grant(names, endpoint, now, waited_seconds)
        for name in names:
            self._bucket(name).charge(grant)
        return grant

    def _learn(self, grant: Grant, state: RateState, now: float) -> None:
        bucket = self._bucket(state.bucket)
        if state.bucket not in grant.buckets:
            bucket.wait_seconds(now)
            bucket.charge(grant)
            grant.buckets = (*grant.buckets, state.bucket)
            if grant.endpoint:
                kind = _kind_of(grant.endpoint)
                self._tables.extra_by_endpoint.setdefault(kind, set()).add(state.bucket)
        bucket.learn(grant, state, now)

    def _bucket(self, name: str) -> Bucket:
        bucket = self._tables.buckets.get(name)
        if bucket is None:
            size, period_seconds = _SIZES_BEFORE_THE_FIRST_ANSWER.get(name, (None, 60.0))
            share = self._share if name in _SHARED_WITH_OTHER_TOOLS else 1.0
            bucket = Bucket(name, assumed_size=size, period_seconds=period_seconds, share=share)
            self._tables.buckets[name] = bucket
        return bucket


def _kind_of(endpoint: str) -> str:
    """Return what all paths of an endpoint have in common, whichever ticket or article they name.

    What one of them tells holds for all; and a process that runs for months asks for millions.
    """
    return _NUMBER.sub("0", endpoint)


def product_bucket(path: str) -> str:
    """Return the bucket that a product's requests share, from the path of a request."""
    below = path.removeprefix("/api/v2")
    if below.startswith(("/help_center", "/guide", "/community", "/gather")):
        return HELP_CENTER
    if below.startswith("/channels/voice"):
        return TALK
    if below.startswith("/access_logs"):  # follows none of the conventions of Support
        return ACCESS_LOGS
    return CHAT if below.startswith("/chat/") else ACCOUNT
