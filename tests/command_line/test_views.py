"""``zendesk-source views``: what it says and how it ends."""

from __future__ import annotations

import json

import yaml  # type: ignore[import-untyped] # dlt brings it

from zendesk_source.command_line import main
from zendesk_source.command_line.commands import views
from zendesk_source.views import shapes


def test_views_are_made_and_told_with_the_variables_for_dbt(zendesk, capsys):
    assert main(["load", "--quiet", "--streams", "tickets,users,groups,ticket_events"]) == 0
    assert main(["views"]) == 0
    shown = capsys.readouterr().out
    assert "zendesk_data_fivetran: " in shown
    assert "left out: brand: nothing is loaded of brands; without it, using_brands: false" in shown
    assert "vars:\n  zendesk_schema: zendesk_data_fivetran\n" in shown
    assert "  using_brands: false\n" in shown

    assert main(["views", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["dbt_vars"]["zendesk_schema"] == "zendesk_data_fivetran"
    assert "ticket" in document["schemas"][0]["made"]


def test_views_to_analyse_with_are_made_and_told_with_what_is_missing(zendesk, capsys):
    assert main(["load", "--quiet", "--streams", "users"]) == 0
    assert main(["views", "--shape", "analytics"]) == 1
    told = capsys.readouterr()
    assert "no view could be made; load tickets first" in told.err
    assert main(["load", "--quiet", "--streams", "tickets,ticket_events"]) == 0
    assert main(["views", "--shape", "analytics"]) == 0
    shown = capsys.readouterr().out
    assert "3 views, analytics_tickets, analytics_days, analytics_agents" in shown
    assert "left out: analytics_groups: nothing is loaded of groups\n" in shown
    assert "empty: columns that come from satisfaction_ratings, ticket_metric_events" in shown
    assert "dbt" not in shown


def test_a_required_view_that_is_missing_ends_with_1(zendesk, capsys):
    assert main(["load", "--quiet", "--streams", "users,groups"]) == 0
    assert main(["views", "--quiet"]) == 1
    assert "does not run without ticket, ticket_comment" in capsys.readouterr().err


def test_where_nothing_is_loaded_there_is_nothing_to_show(own_dlt, capsys):
    assert main(["views"]) == 2
    assert "There is no DuckDB file" in capsys.readouterr().err
    assert not list(own_dlt.glob("*.duckdb"))


def test_the_shapes_of_the_command_are_all_there_are():
    assert set(views.SHAPES) == set(shapes.SHAPES)


def test_several_accounts_are_a_list_of_sources():
    sources = [{"database": "d", "schema": "s", "name": "s"}, {"database": "d", "schema": "t"}]
    lines = views.as_yaml({"zendesk_sources": sources, "using_brands": False})
    assert yaml.safe_load("\n".join(lines)) == {
        "vars": {"zendesk_sources": sources, "using_brands": False}
    }
