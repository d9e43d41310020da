"""Views to analyse support with: tickets, days, agents and groups, each with its SQL in a file.

A file holds one query, with its rule in words at its head. It reads tables under their own names,
and other views of this folder as well. Besides what ``declared`` says is translated,
``loaded(ticket_metric_events)`` is whether that table is there: a count of what was not loaded is
unknown, not 0.
"""

from __future__ import annotations

from importlib.resources import files

from zendesk_source.views.declared import Rows, View


def _view(
    name: str, *needed: str, also: tuple[str, ...] = (), views: tuple[View, ...] = ()
) -> View:
    """Return the view that a file defines.

    Args:
        name: Name of the file and the view.
        needed: Tables without which there is no view.
        also: Tables whose columns are null if they are not loaded.
        views: Other views that it reads.
    """
    text = files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
    reads = {
        table: Rows(table, "newest" if table == "groups" else "all", may_be_missing=table in also)
        for table in (*needed, *also)
    }
    return View(f"analytics_{name}", reads=reads, query=text, views=views)


TICKETS = _view(
    "tickets",
    "tickets",
    "ticket_metrics",
    also=("groups", "users", "ticket_tags", "ticket_metric_events", "satisfaction_ratings"),
)
DAYS = _view("days", also=("ticket_field_history",), views=(TICKETS,))
AGENTS = _view("agents", "users", views=(TICKETS,))
GROUPS = _view("groups", "groups", views=(TICKETS,))

ANALYTICS: tuple[View, ...] = (TICKETS, DAYS, AGENTS, GROUPS)
