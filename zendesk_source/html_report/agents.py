"""The workload of agents: a row for each, with what the loaded tables know."""

from __future__ import annotations

from typing import Any

from zendesk_source.html_report import queries, wording
from zendesk_source.html_report.charts import bar
from zendesk_source.html_report.loaded import Loaded, Period
from zendesk_source.html_report.markup import joined
from zendesk_source.html_report.sections import Drawn, Section, Table

MOST_SHOWN = 15


def load_of_agents(loaded: Loaded, _: Period) -> Drawn:
    """Tickets, replies and ratings of the busiest agents."""
    names = dict(loaded.ask(queries.AGENT_NAMES))
    tickets = {agent: rest for agent, *rest in loaded.ask(queries.AGENT_TICKETS) if agent in names}
    replies = dict(_if_there(loaded, queries.AGENT_REPLIES))
    ratings = {agent: rest for agent, *rest in _if_there(loaded, queries.AGENT_RATINGS)}
    busiest = sorted(tickets, key=lambda agent: (-tickets[agent][0], -tickets[agent][1], agent))
    most = max((solved for solved, _ in tickets.values()), default=0)
    if not most:
        return Drawn("No agent solved a ticket in these weeks.")
    rows = []
    for agent in busiest[:MOST_SHOWN]:
        solved, unsolved = tickets[agent]
        good, rated = ratings.get(agent, (0, 0))
        cells = [joined((bar(solved, most), wording.count(solved))), wording.count(unsolved)]
        cells += [wording.count(replies.get(agent, 0))] if replies else []
        cells += [wording.share(good, rated)] if ratings else []
        rows.append((str(names[agent]), *cells))
    headings = ["agent", "solved", "unsolved now"]
    headings += ["public replies"] if replies else []
    headings += ["good ratings"] if ratings else []
    shown = min(len(tickets), MOST_SHOWN)
    share = wording.share(
        sum(tickets[agent][0] for agent in busiest[:shown]), sum(n for n, _ in tickets.values())
    )
    return Drawn(
        f"The {shown} busiest of {len(tickets)} agents solved {share} of what was solved.",
        table=Table(tuple(headings), rows),
        is_table_open=True,
    )


def _if_there(loaded: Loaded, query: queries.Query) -> list[Any]:
    return loaded.ask(query) if loaded.has(query) else []


AGENTS = Section(
    "Agents", (queries.AGENT_NAMES, queries.AGENT_TICKETS), load_of_agents, is_wide=True
)
