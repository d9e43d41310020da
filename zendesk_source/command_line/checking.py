"""What ``check`` finds out, one question after the other, the cheapest first."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from zendesk_source.api.client import Identity, whoami
from zendesk_source.api.credentials import API_TOKENS_END, ZendeskApiToken, base_url_of
from zendesk_source.catalogue import PRODUCTS, STREAMS, Stream
from zendesk_source.command_line.destination import place_of
from zendesk_source.command_line.dlt_runtime import dlt_runtime
from zendesk_source.command_line.progress import Lines
from zendesk_source.connection import Connection
from zendesk_source.errors import StreamRefused, ZendeskError
from zendesk_source.missing_settings import KINDS
from zendesk_source.preview import first_page
from zendesk_source.selection import select_streams
from zendesk_source.source import configured_connection

AT_ONCE = 4
SKEW_WORTH_A_WARNING_SECONDS = 60
A_WHILE_AGO_SECONDS = 600
"""Exports are asked for what changed lately, which is little."""

# Requests a minute of the Support API, by plan:
# https://developer.zendesk.com/api-reference/introduction/rate-limits/
PLANS = {
    200: "Team",
    400: "Growth or Professional",
    700: "Enterprise",
    2500: "Enterprise Plus, or the High Volume add-on",
}


def checked(options: argparse.Namespace) -> dict[str, Any]:
    """Return what was found: as data, as texts, and what is worth a warning."""
    with dlt_runtime():
        chosen = select_streams(options.streams or [])
        place = place_of(options)
        connection = configured_connection()
        connection.on_wait = Lines().on_wait
        try:
            user: Identity | None = whoami(connection.client)
        except StreamRefused:
            user = None  # a token may be good for some streams and not for this question
        answers = _asked(connection, [stream for stream in STREAMS if stream.name in chosen])
        others = _asked(connection, _one_of_each_product(chosen))
    return _found(connection, user, answers, others, place)


def _one_of_each_product(chosen: Sequence[str]) -> list[Stream]:
    products = {stream.product for stream in STREAMS if stream.name in chosen}
    first = {stream.product: stream for stream in reversed(STREAMS) if stream.parent is None}
    return [first[product] for product in PRODUCTS if product not in products]


def _asked(connection: Connection, streams: Sequence[Stream]) -> dict[str, dict[str, Any]]:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        found = threads.map(lambda stream: _ask(connection, stream), streams)
        return dict(zip((stream.name for stream in streams), found, strict=True))


def _ask(connection: Connection, stream: Stream) -> dict[str, Any]:
    try:
        since = int(time.time()) - A_WHILE_AGO_SECONDS
        page = first_page(connection, stream, since=since)
    except StreamRefused as error:
        return {"status": "closed", "reason": str(error)}
    except ZendeskError as error:
        if error.exit_code in (2, 3):
            raise
        return {"status": "failed", "reason": str(error)}
    answered = None if page is None else (page.server_time, page.received_at)
    return {"status": "open", "reason": "", "answered": answered}


def _found(
    connection: Connection,
    user: Identity | None,
    answers: dict[str, dict[str, Any]],
    others: dict[str, dict[str, Any]],
    place: str,
) -> dict[str, Any]:
    times = [one.pop("answered", None) for one in (*answers.values(), *others.values())]
    skew = _skew_seconds([each for each in times if each])
    limits = connection.client.rate_limits()
    kind, url = type(connection.credentials).__name__, base_url_of(connection.credentials)
    ends = API_TOKENS_END if isinstance(connection.credentials, ZendeskApiToken) else None
    of_product = {stream.name: stream.product for stream in STREAMS}
    products = {of_product[name]: one["status"] for name, one in others.items()}
    is_open = [name for name, one in answers.items() if one["status"] == "open"]
    role = user.role if user else "unknown: the token may not ask"
    return {
        "account": connection.account,
        "base_url": url,
        "credentials": kind,
        "credentials_end": ends and ends.isoformat(),
        "user": {"id": user.id, "role": user.role} if user else None,
        "clock_skew_seconds": skew,
        "rate_limits": {
            name: {"requests": size, "seconds": seconds} for name, (size, seconds) in limits.items()
        },
        "destination": place,
        "streams": answers,
        "other_products": products,
        "warnings": _warnings(user, skew),
        "text": {
            "account": f"{connection.account} ({url})",
            "log-in": KINDS[kind][0] + (f", until {ends:%d %B %Y}" if ends else ""),
            "user": f"{user.id}, {role}" if user else role,
            "clock": "unknown" if skew is None else _clock(skew),
            "rate limits": _limits(connection, limits),
            "destination": place,
            "streams": f"{len(is_open)} of {len(answers)} open",
            "other products": ", ".join(f"{name} {status}" for name, status in products.items()),
        },
    }


def _skew_seconds(times: Sequence[tuple[datetime, datetime]]) -> int | None:
    """Return how far our clock is ahead of Zendesk's; its answers tell whole seconds."""
    # Of a page that stands for "nothing is so new" both are Zendesk's.
    skews = [(ours - zendesks).total_seconds() for zendesks, ours in times if ours != zendesks]
    return int(min(skews, key=abs)) if skews else None


def _clock(skew: int) -> str:
    if abs(skew) <= 1:
        return "in step with Zendesk's"
    return f"{abs(skew)} s {'ahead of' if skew > 0 else 'behind'} Zendesk's"


def _warnings(user: Identity | None, skew: int | None) -> list[str]:
    warnings = []
    if skew is not None and abs(skew) > SKEW_WORTH_A_WARNING_SECONDS:
        warnings.append(
            f"This machine's clock is {_clock(skew)}. Nothing is lost by that, but lags are told"
            " wrongly, and tokens may be renewed too late: set the clock (NTP)."
        )
    if user is not None and user.role not in ("admin", "owner"):
        warnings.append(
            f"These credentials are of a user with the role {user.role!r}; Zendesk gives the"
            " exports (tickets, users and so on) to admins only."
        )
    return warnings


def _limits(connection: Connection, limits: dict[str, tuple[int, float]]) -> str:
    if "account" not in limits:
        return "unknown: no answer named one"
    size, _ = limits["account"]
    ours = int(size * connection.rate_limit_share)
    plan = f" ({PLANS[size]})" if size in PLANS else ""
    text = f"{size} requests a minute{plan}, {ours} of them for us"
    exports = limits.get("incremental-exports")
    return text + (f"; {exports[0]} exports a minute" if exports else "")
