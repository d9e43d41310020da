"""Rate limits by the minute: the account's bucket, and buckets of single endpoints."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from zendesk_source.api.clock import Clock
from zendesk_source.simulator.pages.answers import TEXT_TYPE, Answer, json_answer

Plan = Literal["team", "growth", "professional", "enterprise", "enterprise_plus"]
HeaderStyle = Literal["2023", "2024"]

REQUESTS_A_MINUTE: Mapping[Plan, int] = MappingProxyType(
    {"team": 200, "growth": 400, "professional": 400, "enterprise": 700, "enterprise_plus": 2500}
)
HIGH_VOLUME_REQUESTS_A_MINUTE = 2500
# Buckets of lists, which the catalogue does not name.
LIST_BUCKETS = MappingProxyType({"tags": "tags-index", "ticket_fields": "ticket-fields-index"})
CHAT = "chat"
MINUTE_SECONDS = 60


@dataclass(frozen=True)
class RateLimits:
    """How many requests a minute are allowed.

    Attributes:
        account: Requests of all kinds; None for no limit.
        buckets: Requests to single endpoints, by name of the bucket; others have no limit.
        retry_after: Whether 429 answers say how long to wait.
    """

    account: int | None = None
    buckets: Mapping[str, int] = field(default_factory=dict)
    retry_after: bool = True

    @classmethod
    def off(cls) -> RateLimits:
        """Return no limits, and no headers about them."""
        return cls()

    @classmethod
    def plan(cls, plan: Plan, *, high_volume: bool = False, retry_after: bool = True) -> RateLimits:
        """Return the documented limits of a plan."""
        account = HIGH_VOLUME_REQUESTS_A_MINUTE if high_volume else REQUESTS_A_MINUTE[plan]
        buckets = {
            "incremental-exports": 30 if high_volume else 10,
            "incremental-exports-cursor": 60 if high_volume else 20,
            "tags-index": 100,
            "ticket-fields-index": 450 if high_volume else 300,
            CHAT: 200,
        }
        return cls(account, buckets, retry_after)


class Meter:
    """Counts requests in fixed minutes of the simulated clock.

    Args:
        limits: How many requests are allowed.
        clock: Tells when a minute begins.
        style: Spelling of the headers, which Zendesk has changed.
    """

    def __init__(self, limits: RateLimits, clock: Clock, style: HeaderStyle) -> None:
        self._limits, self._clock, self._style = limits, clock, style
        self._used: dict[str, int] = {}
        self._minute = -1
        self._lock = threading.Lock()

    def count(self, bucket: str) -> tuple[dict[str, str], Answer | None]:
        """Count a request; return the headers about it and the refusal, if any."""
        with self._lock:
            resets = self._turn_over()
            headers: dict[str, str] = {}
            is_allowed = True
            if self._limits.account is not None:
                is_allowed = self._take("", self._limits.account)
                headers = self._account_headers(self._limits.account, resets)
                if not is_allowed:
                    return headers, self._account_refusal(resets)
            limit = self._limits.buckets.get(bucket)
            if limit is not None:
                is_allowed = self._take(bucket, limit)
                name, value = self._bucket_header(bucket, limit, resets)
                headers[name] = value
            return headers, None if is_allowed else self._bucket_refusal(bucket, resets)

    def count_chat(self) -> tuple[dict[str, str], Answer | None]:
        """Count a request to Chat, which has its own limit and sends no headers about it."""
        with self._lock:
            resets = self._turn_over()
            limit = self._limits.buckets.get(CHAT)
            is_allowed = limit is None or self._take(CHAT, limit)
            return {}, None if is_allowed else self._bucket_refusal(CHAT, resets)

    def _turn_over(self) -> int:
        now = int(self._clock.now().timestamp())
        if now // MINUTE_SECONDS != self._minute:
            self._minute, self._used = now // MINUTE_SECONDS, {}
        return MINUTE_SECONDS - now % MINUTE_SECONDS

    def _take(self, bucket: str, limit: int) -> bool:
        used = self._used.get(bucket, 0)
        self._used[bucket] = min(limit, used + 1)
        return used < limit

    def _account_headers(self, limit: int, resets: int) -> dict[str, str]:
        left = str(limit - self._used[""])
        word = "ratelimit" if self._style == "2024" else "rate-limit"
        plain = f"{word}-limit" if self._style == "2024" else word
        return {
            "X-Rate-Limit": str(limit),
            "X-Rate-Limit-Remaining": left,
            plain: str(limit),
            f"{word}-remaining": left,
            f"{word}-reset": str(resets),
        }

    def _bucket_header(self, bucket: str, limit: int, resets: int) -> tuple[str, str]:
        word = "Zendesk-RateLimit" if self._style == "2024" else "zendesk-rate-limit"
        left = limit - self._used[bucket]
        return f"{word}-{bucket}", f"total={limit}; remaining={left}; resets={resets}"

    def _retry_after(self, resets: int) -> dict[str, str]:
        return {"Retry-After": str(resets)} if self._limits.retry_after else {}

    def _account_refusal(self, resets: int) -> Answer:
        body = b"Number of allowed API requests per minute exceeded"
        return Answer(429, body, TEXT_TYPE, self._retry_after(resets))

    def _bucket_refusal(self, bucket: str, resets: int) -> Answer:
        is_export = bucket.startswith("incremental")
        description = (
            "Number of allowed incremental export API requests per minute exceeded"
            if is_export
            else "Number of allowed API requests per minute exceeded"
        )
        body = {"error": "APIRateLimitExceeded", "description": description}
        return json_answer(429, body, self._retry_after(resets))
