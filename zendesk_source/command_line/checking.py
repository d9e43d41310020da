"""What ``check`` finds out, one question after the other, the cheapest first."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from zendesk_source.api.budget import OnWait
from zendesk_source.api.standing import Identity, whoami
from zendesk_source.catalogue import PRODUCTS, STREAMS, Stream
from zendesk_source.command_line.account import account_of
from zendesk_source.command_line.destination import place_of
from zendesk_source.command_line.dlt_runtime import dlt_runtime
from zendesk_source.command_line.output import log
from zendesk_source.command_line.progress import Lines, duration
from zendesk_source.command_line.stopping import stopping_at_signals
from zendesk_source.errors import RateLimited, StreamRefused, ZendeskError
from zendesk_source.extract.help_centers import HelpCenters
from zendesk_source.preflight.preview import first_sampled
from zendesk_source.resources.connection import BRANDS, Connection
from zendesk_source.settings.credentials import API_TOKENS_END, ZendeskApiToken, base_url_of
from zendesk_source.settings.missing import KINDS
from zendesk_source.settings.selection import select_streams

AT_ONCE = 4
SKEW_WORTH_A_WARNING_SECONDS = 60
A_WHILE_AGO_SECONDS = 600
"""Exports are asked for what changed lately, which is little."""
FEW_A_SECOND = 0.5
"""Requests that a rate limit allows; of so few none is wasted."""
LONGEST_WAIT_SECONDS = 90.0
NOT_ASKED = "not asked"
DEMO_PLACE = "zendesk_demo.duckdb in the folder where `load --demo` is run"

# Requests a minute of the Support API, by plan:
# https://developer.zendesk.com/api-reference/introduction/rate-limits/
PLANS = {
    200: "Team",
    400: "Growth or Professional",
    700: "Enterprise",
    2500: "Enterprise Plus, or the High Volume add-on",
}


class _WouldWait(RateLimited):
    """A question that is not worth the wait."""


def checked(options: argparse.Namespace) -> dict[str, Any]:
    """Return what was found: as data, as texts, and what is worth a warning."""
    with dlt_runtime(), account_of(options) as connection:
        chosen = select_streams(options.streams or [])
        place = DEMO_PLACE if options.demo else place_of(options)
        connection.on_wait = _patient(Lines())
        try:
            user: Identity | None = whoami(connection.client)
        except StreamRefused:
            user = None  # a token may be good for some streams and not for this question
        answers = _asked(connection, [stream for stream in STREAMS if stream.name in chosen])
        others = _asked(connection, _one_of_each_product(chosen))
        return _found(connection, user, answers, others, place)


def _patient(lines: Lines) -> OnWait:
    """Return what tells of waits, and ends a question that would have to wait for long."""

    def on_wait(reason: str, wait_seconds: float) -> None:
        if wait_seconds > LONGEST_WAIT_SECONDS:
            raise _WouldWait(f"this would have to wait {duration(wait_seconds)}: {reason}.")
        lines.on_wait(reason, wait_seconds)

    return on_wait


def _one_of_each_product(chosen: Sequence[str]) -> list[Stream]:
    products = {stream.product for stream in STREAMS if stream.name in chosen}
    plain = [stream for stream in STREAMS if stream.parent is None and not stream.bucket]
    first = {stream.product: stream for stream in reversed(plain)}
    return [first[product] for product in PRODUCTS if product not in products]


def _asked(connection: Connection, streams: Sequence[Stream]) -> dict[str, dict[str, Any]]:
    sparing = _sparing(connection, streams)
    with stopping_at_signals(log.info, "Stopped."), ThreadPoolExecutor(AT_ONCE) as threads:
        found = threads.map(lambda stream: _ask(connection, stream, sparing), streams)
        return dict(zip((stream.name for stream in streams), found, strict=True))


def _sparing(connection: Connection, streams: Sequence[Stream]) -> dict[str, str]:
    """Return which stream is asked in place of those that share its small rate limit."""
    first: dict[str, str] = {}
    few = [
        stream
        for stream in streams
        if stream.bucket and connection.client.requests_per_second(stream.bucket) <= FEW_A_SECOND
    ]
    for stream in few:
        first.setdefault(stream.bucket, stream.name)
    return {each.name: name for each in few if (name := first[each.bucket]) != each.name}


def _ask(connection: Connection, stream: Stream, sparing: Mapping[str, str]) -> dict[str, Any]:
    if asked := sparing.get(stream.name):
        reason = f"{asked} is asked for all that share the rate limit {stream.bucket}."
        return {"status": NOT_ASKED, "reason": reason}
    try:
        since = int(connection.clock.now().timestamp()) - A_WHILE_AGO_SECONDS
        page = first_sampled(connection, stream, since=since)
    except StreamRefused as error:
        return {"status": "closed", "reason": str(error)}
    except _WouldWait as error:
        return {"status": NOT_ASKED, "reason": str(error)}
    except ZendeskError as error:
        if error.stops_the_sync:
            raise
        return {"status": "failed", "reason": str(error)}
    if page is None:
        return {"status": NOT_ASKED, "reason": "there is nothing yet of which it could have rows."}
    return {"status": "open", "reason": "", "answered": (page.server_time, page.received_at)}


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
    centers = connection.help_centers(BRANDS.name)  # asked for by a stream of theirs
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
        "help_centers": [center.name for center in centers.found],
        "warnings": _warnings(user, skew),
        "text": {
            "account": f"{connection.account} ({url})",
            "log-in": KINDS[kind][0] + (f", until {ends:%d %B %Y}" if ends else ""),
            "user": f"{user.id}, {role}" if user else role,
            "clock": "unknown" if skew is None else _clock(skew),
            "rate limits": _limits(connection, limits),
            "destination": place,
            "streams": f"{len(is_open)} of {len(answers)} open",
            "not asked": _not_asked(answers),
            "help centers": _help_centers(centers),
            "other products": ", ".join(f"{name} {status}" for name, status in products.items()),
        },
    }


def _not_asked(answers: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the streams that were not asked, by the reason."""
    names: dict[str, list[str]] = {}
    for name, one in answers.items():
        if one["status"] == NOT_ASKED:
            names.setdefault(one["reason"], []).append(name)
    return " ".join(f"{', '.join(each)}: {reason}" for reason, each in names.items())


def _help_centers(centers: HelpCenters) -> str:
    found = [center.name for center in centers.found]
    if centers.doubt:
        return f"only the account's own, as the brands are not known: {centers.doubt}"
    left = ", ".join(f"{name} cannot be asked" for name in centers.unread)
    return "; ".join(filter(None, [f"{len(found)}: {', '.join(found)}" if found else "0", left]))


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
