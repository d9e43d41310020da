"""Put the page together: one HTML file that loads nothing, and may load nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from importlib.resources import files

from zendesk_source.html_report import wording
from zendesk_source.html_report.agents import AGENTS
from zendesk_source.html_report.charts import bar
from zendesk_source.html_report.kinds import KINDS
from zendesk_source.html_report.loaded import LastSync, Loaded
from zendesk_source.html_report.markup import Markup, element, joined
from zendesk_source.html_report.sections import SECTIONS, Drawn, Section, Table
from zendesk_source.html_report.tiles import Tile, tiles
from zendesk_source.runs.reasons import few, grouped

# No script, no address, not even a picture: what a customer wrote could do nothing if it got in.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(loaded: Loaded, now: datetime) -> str:
    """Return the page about a dataset.

    Args:
        loaded: The open dataset.
        now: When the page is made; the age of the data counts from here.
    """
    asked = loaded.period
    body: list[Markup] = []
    if asked is None:
        body.append(element("p", "Not shown: anything but the tables. It needs rows in tickets."))
    else:
        found = tiles(loaded, asked)
        body.append(element("dl", *map(_tile, found), class_="tiles") if found else Markup())
        parts = [_section(part, loaded) for part in (*SECTIONS, *KINDS, AGENTS)]
        body.append(element("div", *parts, class_="sections"))
    body.append(_tables(loaded, now))
    return "<!DOCTYPE html>\n" + element(
        "html",
        head(f"Zendesk: {loaded.name}"),
        element("body", element("main", _header(loaded, now), *body), _footer()),
        lang="en",
    )


def head(title: str) -> Markup:
    """Return the head of a page."""
    style = files(__package__).joinpath("style.css").read_text(encoding="utf-8")
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Markup(style)),
    )


def _header(loaded: Loaded, now: datetime) -> Markup:
    lines = [f"Dataset {loaded.name}, looked at {wording.minute(now.astimezone(loaded.zone))}"]
    if (asked := loaded.period) is not None:
        weeks = "the only week" if asked.weeks == 1 else f"the last {asked.weeks} weeks"
        lines.append(
            f"{wording.days(asked.first_day, asked.last_day)}, {weeks} of the data;"
            f" days are those of {loaded.zone.key}"
        )
    return element(
        "header", element("h1", "Zendesk at a glance"), *(element("p", line) for line in lines)
    )


def _tile(tile: Tile) -> Markup:
    return element(
        "div",
        element("dt", tile.title),
        element("dd", tile.say(tile.now), class_="figure"),
        element("dd", tile.change, class_=tile.verdict or "change"),
        element("dd", tile.behind, class_="behind") if tile.behind else None,
    )


def _section(part: Section, loaded: Loaded) -> Markup:
    missing = sorted({n for query in part.needs for n in query.needs} - loaded.tables)
    if missing:
        drawn = Drawn(
            f"Not shown, because {_and(missing)} {'is' if len(missing) == 1 else 'are'} not loaded:"
            f" sync with --streams {','.join(missing)}"
        )
    else:
        assert loaded.period is not None
        drawn = part.draw(loaded, loaded.period)
    numbers = table_of(drawn.table) if drawn.table else None
    if numbers and not drawn.is_table_open:
        numbers = element("details", element("summary", "In numbers"), numbers)
    return element(
        "section",
        element("h2", part.title),
        element("p", drawn.sentence),
        drawn.chart,
        numbers,
        class_="wide" if part.is_wide else None,
    )


def _tables(loaded: Loaded, now: datetime) -> Markup:
    facts = loaded.facts
    most = max((fact.rows for fact in facts), default=0)
    rows = [
        (
            _breakable(fact.name),
            joined((bar(fact.rows, most), wording.count(fact.rows))),
            _moment(fact.newest) if fact.newest else wording.NOTHING,
            wording.age(now - fact.synced_at) if fact.synced_at else wording.NOTHING,
        )
        for fact in facts
    ]
    synced = max((fact.synced_at for fact in facts if fact.synced_at), default=None)
    ended = f" The newest was read {wording.age(now - synced)}." if synced else ""
    syncs = loaded.last_syncs(now)
    if last := max((each.started_at for each in syncs), default=None):
        ended += f" The last sync began {wording.age(now - last)}."
    return element(
        "section",
        element("h2", "Tables"),
        element("p", f"{len(facts)} tables, {sum(fact.rows for fact in facts):,} rows.{ended}"),
        _troubles(syncs),
        table_of(Table(("table", "rows", "newest row (UTC)", "last changed here"), rows)),
        class_="wide",
    )


def _breakable(name: str) -> Markup:
    """Return the name of a table that a narrow screen may break after an underscore."""
    *starts, end = name.split("_")
    return joined([part for start in starts for part in (f"{start}_", element("wbr"))] + [end])


def _moment(at: datetime) -> Markup:
    """Return a time that a narrow screen may break before the hour."""
    day, _, hour = wording.minute(at).partition(" ")
    return joined((element("span", day, class_="whole"), f" {hour}"))


def _troubles(syncs: Sequence[LastSync]) -> Markup | None:
    """Return the streams that the last sync could not read, if any."""
    told = [
        (each.stream, f"{each.status} on {wording.minute(each.started_at)}", each.reason)
        for each in syncs
        if each.status != "ok"
    ]
    was_any_read = any(each.status in ("ok", "incomplete") for each in syncs)
    troubles = [
        element("li", f"{few(names)} {how}: {reason}")
        for names, how, reason in grouped(told, was_any_read=was_any_read)
    ]
    return element("ul", *troubles, class_="troubles") if troubles else None


def table_of(table: Table) -> Markup:
    """Return a table that a narrow screen may scroll."""
    headings = [element("th", each, scope="col") for each in table.headings]
    rows = [
        element("tr", element("th", first, scope="row"), *(element("td", each) for each in rest))
        for first, *rest in table.rows
    ]
    return element(
        "div",
        element(
            "table",
            element("thead", element("tr", *headings)),
            element("tbody", *rows),
        ),
        class_="scroll",
        tabindex="0",
    )


def _footer() -> Markup:
    return element(
        "footer",
        element(
            "p",
            "Made by zendesk-source report from the loaded tables. It holds names of agents,"
            " groups and tags, and no customer's.",
        ),
    )


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
