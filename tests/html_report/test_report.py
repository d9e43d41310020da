"""The page about a loaded account: it counts right, says what is missing, and trusts no text."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import dlt
import duckdb
import pytest

from tests.html_report.account import STREAMS, Page, simulated
from tests.support.simulated import duckdb_pipeline, pipeline_into, source_of
from zendesk_source import sync
from zendesk_source.command_line import main
from zendesk_source.html_report import write_report

NOW = datetime(2026, 11, 22, 9, tzinfo=timezone.utc)


def page_of(database: Path, weeks: int = 13, time_zone: str = "UTC") -> Page:
    destination = dlt.destinations.duckdb(str(database))
    pipeline = pipeline_into(destination)
    file = database.with_name("page.html")
    write_report(pipeline, file, weeks=weeks, time_zone=time_zone, now=NOW)
    return Page(file.read_text(encoding="utf-8"))


def figures(page: Page) -> dict[str, str]:
    """Return the tiles: their titles and figures."""
    words = page.words
    ends = words.index("Tickets created and solved a day")
    tiles = {"created", "solved", "unsolved", "median first reply", "median resolution"}
    return {word: words[i + 1] for i, word in enumerate(words[:ends]) if word in tiles}


def test_the_command_writes_a_page_about_what_is_there(loaded: Path, capsys) -> None:
    assert main(["report", "--out", "mine.html", "--weeks", "4"]) == 0
    assert "mine.html: open it in a browser." in capsys.readouterr().err
    page = Page(Path("mine.html").read_text(encoding="utf-8"))
    assert "Not shown" not in page.text
    with duckdb.connect(str(loaded)) as database:
        for table in ("tickets", "ticket_comments", "users", "ticket_field_history"):
            ((rows,),) = database.sql(f"select count(*) from zendesk_data.{table}").fetchall()
            assert page.row(table)[0] == f"{rows:,}"


def test_every_ticket_is_created_solved_or_waiting(loaded: Path) -> None:
    with duckdb.connect(str(loaded)) as database:
        ((all_, solved),) = database.sql(
            "select count(*), count(*) filter (where status in ('solved', 'closed'))"
            " from zendesk_data.tickets where status <> 'deleted'"
        ).fetchall()
    page = page_of(loaded, weeks=1_000)
    shown = figures(page)
    assert (shown["created"], shown["solved"]) == (f"{all_:,}", f"{solved:,}")
    assert shown["unsolved"] == f"{all_ - solved:,}"
    by_group = page.rows[page.rows.index(next(r for r in page.rows if r and r[0] == "group")) + 1 :]
    groups = by_group[: next(i for i, row in enumerate(by_group) if row[-1] == "90%")]
    assert sum(int(row[-1]) for row in groups) == all_ - solved


def test_postgres_gives_the_same_page(loaded: Path, postgres_url: str) -> None:
    pipeline = pipeline_into(dlt.destinations.postgres(postgres_url), "postgres")
    with simulated() as zendesk:
        sync(pipeline, source_of(zendesk, *STREAMS, clock=None))
    write_report(pipeline, Path("postgres.html"), now=NOW, time_zone="America/New_York")
    page_of(loaded, time_zone="America/New_York")
    one, other = (
        re.sub(r"(just now|[\d.]+ \w+ ago)", "", Path(name).read_text(encoding="utf-8"))
        for name in ("postgres.html", loaded.with_name("page.html"))
    )
    assert one == other


@pytest.fixture
def by_hand(own_dlt: Path) -> Path:
    """Return a database of four tickets whose figures one can work out in the head."""
    file = own_dlt / "by_hand.duckdb"
    with duckdb.connect(str(file)) as database:
        database.execute(
            """
            create schema zendesk_data; use zendesk_data;
            create table tickets as
            select *, 'normal' as priority, 1 as group_id, 7 as assignee_id,
                   timestamptz '2026-01-16 00:00:00Z' as updated_at, now() as _zendesk_synced_at
            from (values
                (1, 'closed',  false, timestamptz '2025-12-30 08:00:00Z'),
                (2, 'solved',  false, timestamptz '2026-01-12 23:30:00Z'),
                (3, 'open',    false, timestamptz '2026-01-13 08:00:00Z'),
                (4, 'deleted', true,  timestamptz '2026-01-13 09:00:00Z')
            ) as ticket (id, status, is_deleted, created_at);
            create table ticket_metrics as select * from (values
                (1, timestamptz '2026-01-11 08:00:00Z', '{"calendar":10}', '{"calendar":600}'),
                (2, timestamptz '2026-01-14 08:00:00Z', '{"calendar":30}', '{"calendar":1800}'),
                (3, null, '{"calendar":50}', '{"calendar":null}')
            ) as metric (ticket_id, solved_at, reply_time_in_minutes,
                         full_resolution_time_in_minutes);
            alter table ticket_metrics alter reply_time_in_minutes type json;
            alter table ticket_metrics alter full_resolution_time_in_minutes type json
            """
        )
    return file


def test_figures_are_those_of_the_weeks_asked_for(by_hand: Path) -> None:
    assert figures(page_of(by_hand, weeks=1)) == {
        "created": "2",
        "solved": "2",
        "unsolved": "1",
        "median first reply": "40 min",
        "median resolution": "20.0 h",
    }


def test_a_day_is_one_of_the_time_zone(by_hand: Path) -> None:
    in_utc, in_vienna = (page_of(by_hand, 1, zone) for zone in ("UTC", "Europe/Vienna"))
    assert in_utc.row("Mon")[23] == "1"
    assert (in_vienna.row("Mon")[23], in_vienna.row("Tue")[0]) == ("0", "1")


def test_a_chart_without_its_tables_is_left_out_with_the_reason(by_hand: Path) -> None:
    text = page_of(by_hand).text
    assert "because satisfaction_ratings is not loaded" in text
    assert "sync with --streams satisfaction_ratings" in text
    assert "Busiest hours" in text


def test_without_tickets_there_are_the_tables(own_dlt: Path) -> None:
    file = own_dlt / "groups.duckdb"
    with duckdb.connect(str(file)) as database:
        database.execute(
            "create schema zendesk_data;"
            " create table zendesk_data.groups as select 1 as id, now() as _zendesk_synced_at"
        )
    assert page_of(file).row("groups")[0] == "1"


def test_what_was_not_read_is_named(loaded: Path) -> None:
    with duckdb.connect(str(loaded)) as database:
        database.execute(
            "update zendesk_data._zendesk_sync_log set status = 'skipped', reason = 'Why & how'"
            " where stream = 'groups'"
        )
    assert re.search(r"groups skipped on [\d :-]+: Why & how", page_of(loaded).text)


def test_the_text_of_an_account_stays_text(loaded: Path) -> None:
    attack = "<script>alert('x')</script><img src=https://example.com/x.png>"
    with duckdb.connect(str(loaded)) as database:
        database.execute("set search_path = 'zendesk_data'")
        database.execute("update groups set name = ?", [attack])
        database.execute("update users set name = ? where role <> 'end-user'", [attack])
    page = page_of(loaded)
    assert page.text.count(attack) > 2
    assert {tag for tag, _ in page.tags} & {"script", "img"} == set()


def test_the_page_needs_nothing_from_elsewhere(loaded: Path) -> None:
    page = page_of(loaded)
    named = {name for _, attributes in page.tags for name in attributes}
    assert named & {"href", "src", "srcset", "onclick", "onload"} == set()
    text = loaded.with_name("page.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://|@import|url\(", text)
    policy = [a["content"] for _, a in page.tags if a.get("http-equiv")]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_reading_does_not_make_a_database(own_dlt: Path, capsys) -> None:
    assert main(["report"]) == 2
    assert "There is no DuckDB file" in capsys.readouterr().err
    assert list(own_dlt.glob("*.duckdb")) == []


def test_looking_leaves_no_trace_and_finds_what_was_loaded_elsewhere(
    loaded: Path, own_dlt: Path, tmp_path: Path, monkeypatch
) -> None:
    assert main(["report"]) == 0
    assert not (tmp_path / "dlt-data" / "pipelines" / "zendesk").exists()
    duckdb_pipeline().sync_destination()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["report"]) == 0
    assert [file.name for file in Path().iterdir()] == ["zendesk_report.html"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--time-zone", "Mars"], "There is no time zone 'Mars'"),
        (["--weeks", "0"], "At least one week"),
        (["--dataset", "elsewhere"], "nothing in the dataset elsewhere"),
        (["--out", "no/such/folder.html"], "cannot be written"),
        (["--destination", "filesystem"], "reads DuckDB and Postgres, not filesystem"),
    ],
)
def test_what_cannot_be_done_is_said(
    loaded: Path, capsys, monkeypatch, arguments: list[str], said: str
) -> None:
    monkeypatch.setenv("DESTINATION__FILESYSTEM__BUCKET_URL", "files")
    assert main(["report", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_median_says_how_many_tickets_are_behind_it(loaded: Path) -> None:
    with duckdb.connect(str(loaded)) as database:
        database.execute(
            "update zendesk_data.ticket_metrics set solved_at = null where ticket_id % 5 = 0"
        )
    page = page_of(loaded, weeks=1_000)
    text = " ".join(page.text.split())
    found = re.search(r"([\d,]+) of ([\d,]+) solved have a solution time", text)
    assert found is not None
    assert f"{found[1]} of {found[2]} solved" in page.words
    measured, solved = (int(each.replace(",", "")) for each in found.groups())
    assert measured < solved
    assert f"{solved:,}" == figures(page)["solved"]


def test_targets_channels_and_tags_are_counted(loaded: Path) -> None:
    """Of all tickets that are not deleted, as a query of another kind finds them."""
    alive = "from zendesk_data.tickets t where t.status <> 'deleted'"
    with duckdb.connect(str(loaded)) as database:
        ((created,),) = database.sql(f"select count(*) {alive}").fetchall()
        channels = database.sql(f"select via ->> 'channel', count(*) {alive} group by 1").fetchall()
        tags = database.sql(
            f"select tag, count(*) from (select unnest(cast(tags as varchar[])) as tag {alive})"
            " group by 1 order by 2 desc, 1"
        ).fetchall()
        ((targets, missed),) = database.sql(
            "select count(distinct ticket_id) filter (type = 'apply_sla'),"
            " count(distinct ticket_id) filter (type = 'breach')"
            " from zendesk_data.ticket_metric_events e where not deleted and metric = 'reply_time'"
            f" and instance_id = 1 and exists (select 1 {alive} and t.id = e.ticket_id)"
        ).fetchall()
    page = page_of(loaded, weeks=1_000)
    assert sum(count for _, count in channels) == created
    for channel, count in channels:
        assert page.row(channel)[0] == f"{count:,}"
    for tag, count in tags[:10]:
        assert page.row(tag)[0] == f"{count:,}"
    assert missed
    assert page.row("first reply time")[:2] == [f"{targets:,}", f"{missed:,}"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_age_stands_out_from_the_card_and_from_the_next(scheme: str) -> None:
    style = files("zendesk_source.html_report").joinpath("style.css").read_text(encoding="utf-8")
    light, _, dark = style.partition("@media (prefers-color-scheme: dark)")
    colours = dict(re.findall(r"--([\w-]+): (#\w+)", light if scheme == "light" else dark))
    shades = [brightness(colours[name]) for name in ("card", *(f"age-{n}" for n in range(5)))]
    contrasts = [(max(pair) + 0.05) / (min(pair) + 0.05) for pair in pairwise(shades)]
    assert contrasts[0] > 2.1
    assert min(contrasts[1:]) > 1.4


def brightness(colour: str) -> float:
    """Return the relative luminance of WCAG 2."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * each for each in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    r, g, b = (c / 12.92 if c <= 0.04 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
