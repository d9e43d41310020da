"""Would a load work? One cheap question for each thing that could stop it, and no rows kept.

    from zendesk_source.preflight.check import check

    report = check(["tickets", "users"])
    if report.closed:
        ...

A scheduler can call it before a load. It asks each chosen stream for one row, loads nothing and
writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from zendesk_source.account.brands import BRANDS, help_centers
from zendesk_source.account.connection import Connection
from zendesk_source.account.custom_objects import describe_by, keys_of_objects, table_of
from zendesk_source.account.first_page import first_sampled
from zendesk_source.account.private import idle_rules
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.budget import OnWait
from zendesk_source.api.clock import Clock
from zendesk_source.api.paging import Page
from zendesk_source.api.standing import Identity, whoami
from zendesk_source.catalogue import PRODUCTS, STREAMS, Product, Stream
from zendesk_source.catalogue.support.second_roads import SECOND_ROADS
from zendesk_source.destination.place import Place, found_at
from zendesk_source.errors import RateLimited, StreamRefused, ZendeskError
from zendesk_source.preflight.account import connected
from zendesk_source.preflight.preview import shaped_rows
from zendesk_source.settings.credentials import API_TOKENS_END, base_url_of
from zendesk_source.settings.dlt_credentials import ZendeskApiToken, ZendeskCredentials
from zendesk_source.settings.selection import select_streams
from zendesk_source.shape.private.rules import FIELDS_INSIDE
from zendesk_source.times import duration_text

AT_ONCE = 4
SKEW_WORTH_A_WARNING_SECONDS = 60
A_WHILE_AGO_SECONDS = 600
"""Exports are asked for what changed since then, which is little."""
FEW_A_SECOND = 0.5
"""A rate limit this small is worth saving: one stream is asked for all that share it."""
LONGEST_WAIT_SECONDS = 90.0

Status = Literal["open", "closed", "failed", "not asked"]


@dataclass(frozen=True, slots=True)
class StreamCheck:
    """Whether a stream can be read.

    Attributes:
        status: ``open``; ``closed``, because Zendesk refuses it to these credentials; ``failed``,
            because the answer could not be read; or ``not asked``.
        reason: Why it is not open; empty where it is.
    """

    status: Status
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found.

    Attributes:
        account: Name of the account.
        base_url: Its address.
        credentials: Class of the credentials, such as ``ZendeskOAuthToken``.
        credentials_end: Last day on which credentials of this kind work; None where none is set.
        user: Whose credentials they are; None where the token may not ask.
        clock_skew_seconds: How far this machine's clock is ahead of Zendesk's; None if unknown.
        rate_limits: Requests and seconds of each rate limit that an answer named.
        rate_limit_share: Part of the account's requests that a load may use.
        destination: Where the tables are, and whether any are there; empty where nobody asked.
        streams: The chosen streams, by name.
        other_products: Products of which no stream is chosen, by name; one stream stands for each.
        help_centers: Brands whose Help Center can be read.
        unread_help_centers: Brands whose address is not known to be the account's.
        help_centers_doubt: Why the brands are not known; empty where they are.
        idle_rules: What to tell of rules of ``private`` that met nothing at Zendesk.
    """

    account: str
    base_url: str
    credentials: str
    credentials_end: date | None
    user: Identity | None
    clock_skew_seconds: int | None
    rate_limits: Mapping[str, tuple[int, float]]
    rate_limit_share: float
    destination: str
    streams: Mapping[str, StreamCheck]
    other_products: Mapping[Product, Status]
    help_centers: Sequence[str]
    unread_help_centers: Sequence[str]
    help_centers_doubt: str
    idle_rules: Sequence[str] = ()

    @property
    def closed(self) -> Mapping[str, StreamCheck]:
        """The chosen streams that a load could not read, by name."""
        bad = ("closed", "failed")
        return {name: one for name, one in self.streams.items() if one.status in bad}

    @property
    def warnings(self) -> Sequence[str]:
        """What would not stop a load, but should be mended."""
        return [*_warnings(self.user, self.clock_skew_seconds), *self.idle_rules]


def check(
    streams: Iterable[str] = (),
    *,
    place: Place | None = None,
    waits_long: bool = False,
    credentials: ZendeskCredentials | None = None,
    clock: Clock | None = None,
    on_wait: OnWait | None = None,
) -> CheckReport:
    """Ask what could stop a load, the cheapest question first.

    Args:
        streams: What would be loaded, as ``select_streams`` takes it; the core when left out.
        place: Where it would be loaded to; None leaves the destination out.
        waits_long: Wait 15 minutes, not 20 seconds, for a load to let go of a DuckDB file.
        credentials: None takes those that dlt's configuration holds.
        clock: None takes the machine's own.
        on_wait: Called with the reason and the seconds before something waits.

    Raises:
        ConfigurationError: A setting is missing or wrong.
        AuthenticationError: Zendesk refuses the credentials.
        ZendeskError: Zendesk or the destination does not answer.
    """
    with connected(credentials, clock, _patient(on_wait)) as connection:
        chosen = select_streams(streams)
        destination = "" if place is None else found_at(place, on_wait, waits_long=waits_long)
        try:
            user: Identity | None = whoami(connection.client)
        except StreamRefused:
            user = None  # a token may be good for some streams and not for this question
        answers = _asked(connection, [stream for stream in STREAMS if stream.name in chosen])
        others = _asked(connection, _one_of_each_product(chosen))
        return _report(connection, user, answers, others, destination)


_KEEPS_ITS_COLUMN = (
    "If a field had that title when it was first loaded, it has that column still, and all is well:"
    " a load knows, and this check does not."
)
_LISTS_INSTEAD = "For an admin, a load reads lists instead, which show less (docs/lists.md)."


class _WouldWait(RateLimited):
    """A question that is not worth the wait."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one question found, and the page that answered it."""

    found: StreamCheck
    page: Page | None = None


def _patient(tell: OnWait | None) -> OnWait:
    """Return what tells of waits, and gives up a question that would wait for long."""

    def on_wait(reason: str, wait_seconds: float) -> None:
        if wait_seconds > LONGEST_WAIT_SECONDS:
            wait = duration_text(wait_seconds)
            raise _WouldWait(f"this would have to wait {wait}: {reason}.")
        if tell is not None:
            tell(reason, wait_seconds)

    return on_wait


def _one_of_each_product(chosen: Sequence[str]) -> list[Stream]:
    """Return a stream for each product of which none is chosen."""
    products = {stream.product for stream in STREAMS if stream.name in chosen}
    plain = [stream for stream in STREAMS if stream.parent is None and not stream.bucket]
    first = {stream.product: stream for stream in reversed(plain)}
    return [first[product] for product in PRODUCTS if product not in products]


def _asked(connection: Connection, streams: Sequence[Stream]) -> dict[Stream, _Answer]:
    stand_ins = _stand_ins(connection, streams)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        found = threads.map(lambda stream: _ask(connection, stream, stand_ins), streams)
        return dict(zip(streams, found, strict=True))


def _stand_ins(connection: Connection, streams: Sequence[Stream]) -> dict[str, str]:
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


def _ask(connection: Connection, stream: Stream, stand_ins: Mapping[str, str]) -> _Answer:
    if asked := stand_ins.get(stream.name):
        reason = f"{asked} is asked for all that share the rate limit {stream.bucket}."
        return _Answer(StreamCheck("not asked", reason))
    try:
        since = int(connection.clock.now().timestamp()) - A_WHILE_AGO_SECONDS
        page = first_sampled(connection, stream, since=since)
    except StreamRefused as error:
        has_lists = stream.name in SECOND_ROADS and connection.options.exports != "incremental"
        reason = f"{error} {_LISTS_INSTEAD}" if has_lists else str(error)
        return _Answer(StreamCheck("closed", reason))
    except _WouldWait as error:
        return _Answer(StreamCheck("not asked", str(error)))
    except ZendeskError as error:
        if error.stops_the_sync:
            raise
        return _Answer(StreamCheck("failed", str(error)))
    if page is None:
        reason = "there is nothing yet of which it could have rows."
        return _Answer(StreamCheck("not asked", reason))
    return _Answer(StreamCheck("open"), page)


def _report(
    connection: Connection,
    user: Identity | None,
    answers: Mapping[Stream, _Answer],
    others: Mapping[Stream, _Answer],
    destination: str,
) -> CheckReport:
    credentials = connection.credentials
    pages = [answer.page for answer in (*answers.values(), *others.values())]
    centers = help_centers(connection, BRANDS.name)  # asked for by a stream of theirs
    return CheckReport(
        account=connection.account,
        base_url=base_url_of(credentials),
        credentials=type(credentials).__name__,
        credentials_end=API_TOKENS_END if isinstance(credentials, ZendeskApiToken) else None,
        user=user,
        clock_skew_seconds=_skew_seconds(
            (page.server_time, page.received_at) for page in pages if page is not None
        ),
        rate_limits=connection.client.rate_limits(),
        rate_limit_share=connection.options.rate_limit_share,
        destination=destination,
        streams={stream.name: answer.found for stream, answer in answers.items()},
        other_products={stream.product: answer.found.status for stream, answer in others.items()},
        help_centers=[center.name for center in centers.found],
        unread_help_centers=list(centers.unread),
        help_centers_doubt=centers.doubt,
        idle_rules=_idle_rules(connection, answers),
    )


def _idle_rules(connection: Connection, answers: Mapping[Stream, _Answer]) -> list[str]:
    """Return what to tell of rules that neither the rows nor the fields of the account know.

    One row says little of what is inside JSON, so nothing is said of rules that look there.
    """
    rules = connection.options.rules
    if not rules.open:
        return []
    for stream, answer in answers.items():
        if answer.page is not None and answer.page.rows:
            shaped_rows(connection, stream, answer.page)
    # Whether there is a field of a title is known without a row.
    rules.shown.update(stream.name for stream in answers if stream.name in FIELDS_INSIDE)
    told: dict[str, str] = {}
    for stream, answer in answers.items():
        if stream.custom_fields == "custom_object" and answer.found.status == "open":
            names: dict[str, str] = {}
            for key in keys_of_objects(stream, connection, StreamRun()):
                describe_by(key, table_of(key, names), connection)
        told |= idle_rules(stream, connection, {}, {})
    inside = {rule.name for rule in rules.open if rule.is_inside}
    columns = {rule.name for rule in rules.open if rule.path.startswith("cf_")}
    return [
        f"{text} {_KEEPS_ITS_COLUMN}" if name in columns else text
        for name, text in told.items()
        if name not in inside
    ]


def _skew_seconds(times: Iterable[tuple[datetime, datetime]]) -> int | None:
    """Return how far our clock is ahead of Zendesk's; its answers tell whole seconds."""
    # A page that stands for "nothing is so new" holds Zendesk's time twice.
    skews = [(ours - zendesks).total_seconds() for zendesks, ours in times if ours != zendesks]
    return int(min(skews, key=abs)) if skews else None


def _warnings(user: Identity | None, skew_seconds: int | None) -> Iterator[str]:
    if skew_seconds is not None and abs(skew_seconds) > SKEW_WORTH_A_WARNING_SECONDS:
        yield (
            f"This machine's clock is {clock_text(skew_seconds)}. No row is lost by that, but lags"
            " are reported wrongly and tokens may be renewed too late. Set the clock (NTP)."
        )
    if user is not None and user.role not in ("admin", "owner"):
        yield (
            f"These credentials belong to a user with the role {user.role!r}. Zendesk gives the"
            " exports (tickets, users and so on) to admins only."
        )


def clock_text(skew_seconds: int) -> str:
    """Return in words how far this machine's clock is from Zendesk's."""
    if abs(skew_seconds) <= 1:
        return "in step with Zendesk's"
    side = "ahead of" if skew_seconds > 0 else "behind"
    return f"{abs(skew_seconds)} s {side} Zendesk's"
