"""The page that lists the pages of many accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from zendesk_source.html_report import wording, write_page
from zendesk_source.html_report.loaded import TableFacts
from zendesk_source.html_report.markup import Markup, element
from zendesk_source.html_report.page import head, table_of
from zendesk_source.html_report.sections import Table


def write_index(
    file: Path,
    pages: Mapping[str, Sequence[TableFacts]],
    left_out: Mapping[str, str],
    *,
    now: datetime | None = None,
) -> None:
    """Write a page that links to those of accounts, which lie beside it.

    Args:
        file: Path of the page; an existing file is replaced.
        pages: Size and age of each table, by account; its page is ``<account>.html``.
        left_out: Why an account has no page, by its name.
        now: When the page is made; now, when left out.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    now = now or datetime.now(timezone.utc)
    rows = [_row(account, facts, now) for account, facts in pages.items()]
    reasons = [element("li", f"{account}: {why}") for account, why in left_out.items()]
    body = element(
        "main",
        element(
            "header",
            element("h1", "Zendesk accounts at a glance"),
            element("p", f"{len(pages)} accounts, looked at {wording.minute(now)} UTC"),
        ),
        element("ul", *reasons, class_="troubles") if reasons else None,
        table_of(Table(("account", "tickets", "rows of all tables", "last changed here"), rows)),
    )
    page = element("html", head("Zendesk accounts"), element("body", body), lang="en")
    write_page("<!DOCTYPE html>\n" + page, file)


def _row(account: str, facts: Sequence[TableFacts], now: datetime) -> tuple[Markup | str, ...]:
    tickets = next((fact.rows for fact in facts if fact.name == "tickets"), None)
    synced = max((fact.synced_at for fact in facts if fact.synced_at), default=None)
    return (
        element("a", account, href=f"{account}.html"),
        wording.count(tickets),
        wording.count(sum(fact.rows for fact in facts)),
        wording.age(now - synced) if synced else wording.NOTHING,
    )
