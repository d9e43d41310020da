"""Tickets by SLA target, by channel and by tag."""

from __future__ import annotations

from zendesk_source.html_report import queries, wording
from zendesk_source.html_report.charts import Series, bars, legend, rows, spread
from zendesk_source.html_report.loaded import Loaded, Period
from zendesk_source.html_report.markup import joined
from zendesk_source.html_report.sections import Drawn, Section, Table, week_names

MOST_SHOWN = 10


def service_levels(loaded: Loaded, asked: Period) -> Drawn:
    """How many tickets missed a target of an SLA policy."""
    weeks = {week: (kept, missed) for week, kept, missed in loaded.ask(queries.TARGETS)}
    kept, missed = ([weeks.get(week, (0, 0))[i] for week in range(asked.weeks)] for i in (0, 1))
    with_target = sum(kept) + sum(missed)
    if not with_target:
        return Drawn("No ticket created in these weeks has a target.")
    series = [Series("kept all", kept, "green"), Series("missed one", missed, "red")]
    by_metric = [
        (str(metric).replace("_", " "), *map(wording.count, (tickets, late)), share)
        for metric, tickets, late in loaded.ask(queries.TARGETS_BY_METRIC)
        for share in (wording.share(late, tickets),)
    ]
    return Drawn(
        f"{sum(missed):,} of {with_target:,} tickets with a target missed one"
        f" ({wording.share(sum(missed), with_target)}). By the week in which a ticket was created.",
        joined((bars(spread(week_names(asked)), series, wording.count), legend(series))),
        Table(("target", "tickets with it", "missed it", "missed in %"), by_metric),
    )


def channels(loaded: Loaded, _: Period) -> Drawn:
    """Where tickets came from."""
    found = loaded.ask(queries.CHANNELS)
    total = sum(row[1] for row in found)
    if not total:
        return Drawn("No ticket was created in these weeks.")
    shown = found[:MOST_SHOWN]
    chart = rows(
        [str(row[0]) for row in shown],
        [Series("created", [row[1] for row in shown], "blue")],
        wording.count,
    )
    numbers = [
        (
            str(channel),
            wording.count(tickets),
            wording.share(tickets, total),
            wording.duration(first_reply),
            f"{replied:,} of {tickets:,}",
            f"{wording.share(good, rated)} of {rated:,}" if rated else wording.NOTHING,
        )
        for channel, tickets, replied, first_reply, good, rated in found
    ]
    most, tickets = found[0][:2]
    headings = ("channel", "created", "of all", "median first reply", "replied", "good ratings")
    return Drawn(
        f"{wording.share(tickets, total)} of {total:,} created came by {most}.",
        chart,
        Table(headings, numbers),
    )


def tags(loaded: Loaded, _: Period) -> Drawn:
    """What tickets are about."""
    found = [row for row in loaded.ask(queries.TAGS) if row[1]]
    if not found:
        return Drawn("No ticket created in these weeks has a tag.")
    shown = found[:MOST_SHOWN]
    series = [Series("tickets", [row[1] for row in shown], "blue")]
    numbers = [
        (str(tag), wording.count(now), wording.count(before), f"{now - before:+,}")
        for tag, now, before in shown
    ]
    return Drawn(
        f"The {len(shown)} most used of {len(found):,} tags on tickets created in these weeks;"
        " a ticket may have several.",
        rows([str(row[0]) for row in shown], series, wording.count),
        Table(("tag", "tickets", "as many weeks before", "change"), numbers),
    )


KINDS = (
    Section("SLA targets", (queries.TARGETS,), service_levels, is_wide=True),
    Section("Channels", (queries.CHANNELS,), channels),
    Section("Tags", (queries.TAGS,), tags),
)
