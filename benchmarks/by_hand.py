"""The same tables by hand: what a good data engineer would write in DuckDB's SQL instead.

For one account, whose custom fields are known: pages as they were saved, declared types, one
thread, some pages a transaction, rows replaced by key. A page is one line and one record: told so,
``read_json`` takes a sixth of the CPU that it takes when it has to find out.

What it leaves out is not in the tables: limits and retries, where a run resumes, a value that does
not fit its column (here it ends the load), a key or custom field that nobody declared (here it is
dropped).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import requests

from benchmarks.pages import CUSTOM_FIELDS, USER_FIELDS, field_definitions
from zendesk_source.catalogue import STREAMS

DATASET = "zendesk_data"
PACKAGE_PAGES = 100
"""Three of our packages: a tenth less CPU than with one."""

_TAIL_BYTES = 300
"""In which the keys beside the rows are."""

_TYPES = {
    "tagger": "VARCHAR",
    "text": "VARCHAR",
    "checkbox": "BOOLEAN",
    "integer": "BIGINT",
    "decimal": "DECIMAL(38,9)",
    "date": "DATE",
    "multiselect": "JSON",
}
Columns = dict[str, Any]


def _typed(**names: str) -> Columns:
    return {name: kind for kind, each in names.items() for name in each.split()}


_TICKET = _typed(
    BIGINT="id generated_timestamp requester_id submitter_id assignee_id organization_id group_id"
    " forum_topic_id problem_id custom_status_id ticket_form_id deleted_ticket_form_id brand_id",
    TIMESTAMPTZ="created_at updated_at due_at",
    VARCHAR="url external_id encoded_id type subject raw_subject description priority status"
    " recipient support_type satisfaction_probability",
    BOOLEAN="has_incidents is_public allow_channelback allow_attachments from_messaging_channel",
    JSON="via collaborator_ids follower_ids email_cc_ids sharing_agreement_ids followup_ids tags"
    " satisfaction_rating",
)
_METRICS = _typed(
    BIGINT="id ticket_id assignee_stations group_stations reopens replies",
    TIMESTAMPTZ="created_at updated_at assigned_at assignee_updated_at custom_status_updated_at"
    " initially_assigned_at latest_comment_added_at requester_updated_at solved_at"
    " status_updated_at",
    JSON="agent_wait_time_in_minutes first_resolution_time_in_minutes"
    " full_resolution_time_in_minutes on_hold_time_in_minutes reply_time_in_minutes"
    " reply_time_in_seconds requester_wait_time_in_minutes",
    VARCHAR="url",
)
_USER = _typed(
    BIGINT="id organization_id default_group_id custom_role_id locale_id role_type",
    TIMESTAMPTZ="created_at updated_at last_login_at",
    VARCHAR="url name email phone time_zone iana_time_zone locale role external_id alias signature"
    " details notes ticket_restriction",
    BOOLEAN="active verified shared shared_agent shared_phone_number suspended moderator chat_only"
    " only_private_comments restricted_agent report_csv two_factor_auth_enabled is_billing_admin"
    " permanently_deleted",
    JSON="photo tags suspension_details",
)
_EVENT = _typed(
    BIGINT="id ticket_id timestamp updater_id",
    TIMESTAMPTZ="created_at",
    VARCHAR="via event_type",
    JSON="system metadata child_events merged_ticket_ids",
)
_COMMENT = _typed(
    BIGINT="id author_id audit_id via_reference_id",
    TIMESTAMPTZ="created_at",
    VARCHAR="type event_type body html_body plain_body formatted_from formatted_to graph_object_id",
    BOOLEAN="public trusted transcription_visible",
    JSON="via attachments metadata data",
)


_OF_EVERY_CHILD = (
    "'id', 'via', 'via_reference_id', 'event_type', 'previous_value', 'tags', 'added_tags',"
    " 'removed_tags', 'custom_ticket_fields'"
)


@dataclass(frozen=True)
class Table:
    """A table, and what a package replaces of it.

    Attributes:
        key: Column of the table.
        replaces: The same of what is staged: rows with these keys go.
        rows: What comes in their place, in SQL over what is staged.
    """

    key: str
    replaces: str
    rows: str


@dataclass(frozen=True)
class Load:
    """How the pages of a stream become tables.

    Attributes:
        row: Types of the keys of a row.
        tables: The tables, by name.
        also_staged: Further temporary tables, made of ``staged``.
    """

    row: Columns
    tables: Mapping[str, Table]
    also_staged: Mapping[str, str] = field(default_factory=dict)


def _custom_fields(count: int) -> list[tuple[Any, str, str]]:
    """Return key, column and type of each custom field."""
    return [
        (each, f"cf_{each['title'].lower().replace(' ', '_')}", _TYPES[each["type"]])
        for each in field_definitions(count)
    ]


def _names(columns: Columns, of: str = "") -> str:
    return ", ".join(f'{of}"{name}"' for name in columns)


def _list_of(key: str, parent: str, element: str, kind: str) -> Table:
    return Table(
        parent,
        "SELECT id FROM staged",
        f"""SELECT DISTINCT id AS {parent}, unnest(CAST({key} AS {kind}[])) AS {element}
        FROM staged""",
    )


def _tickets() -> Load:
    values = ", ".join(
        f"CAST(cf[{each['id']}] AS {kind}) AS {name}"
        for each, name, kind in _custom_fields(CUSTOM_FIELDS)
    )
    custom_fields = {"custom_fields": [{"id": "BIGINT", "value": "VARCHAR"}]}
    return Load(
        row={**_TICKET, **custom_fields, "metric_set": _METRICS},
        tables={
            "tickets": Table(
                "id",
                "SELECT id FROM staged",
                f"""SELECT {_names(_TICKET)}, {values}
                FROM (SELECT *, map_from_entries(custom_fields) AS cf FROM staged)""",
            ),
            "ticket_metrics": Table(
                "id",
                "SELECT metric_set.id FROM staged",
                f"""SELECT {_names(_METRICS, "metric_set.")}
                FROM staged WHERE metric_set IS NOT NULL""",
            ),
            "ticket_tags": _list_of("tags", "ticket_id", "tag", "VARCHAR"),
            "ticket_followers": _list_of("follower_ids", "ticket_id", "user_id", "BIGINT"),
            "ticket_collaborators": _list_of("collaborator_ids", "ticket_id", "user_id", "BIGINT"),
        },
    )


def _users() -> Load:
    fields = _custom_fields(USER_FIELDS)
    values = ", ".join(f"user_fields.{each['key']} AS {name}" for each, name, _ in fields)
    return Load(
        row={**_USER, "user_fields": {each["key"]: kind for each, _, kind in fields}},
        tables={
            "users": Table(
                "id", "SELECT id FROM staged", f"SELECT {_names(_USER)}, {values} FROM staged"
            ),
            "user_tags": _list_of("tags", "user_id", "tag", "VARCHAR"),
        },
    )


def _ticket_events() -> Load:
    history = "ticket_id, event_id, child_id, updater_id AS user_id"
    return Load(
        row=_EVENT,
        also_staged={
            "children": """SELECT *, child ->> 'event_type' AS kind,
                CAST(child ->> 'id' AS BIGINT) AS child_id
            FROM (SELECT id AS event_id, ticket_id, updater_id, created_at AS updated,
                unnest(CAST(child_events AS JSON[])) AS child FROM staged)""",
            "changes": "SELECT * FROM children WHERE kind IN ('Create', 'Change')",
        },
        tables={
            "ticket_events": Table(
                "id", "SELECT id FROM staged", f"SELECT {_names(_EVENT)} FROM staged"
            ),
            "ticket_comments": Table(
                "event_id",
                "SELECT id FROM staged",
                f"""SELECT ticket_id, event_id, unnest(from_json(child, '{json.dumps(_COMMENT)}'))
                FROM children WHERE kind = 'Comment'""",
            ),
            "ticket_field_history": Table(
                "event_id",
                "SELECT id FROM staged",
                f"""SELECT {history}, name AS field_name, child ->> name AS value,
                    child ->> 'previous_value' AS previous_value, updated
                FROM (SELECT *, unnest(json_keys(child)) AS name FROM changes)
                WHERE name NOT IN ({_OF_EVERY_CHILD})
                UNION ALL
                SELECT {history}, name, child -> 'custom_ticket_fields' ->> name,
                    CASE json_type(child, 'previous_value')
                    WHEN 'OBJECT' THEN child -> 'previous_value' ->> name
                    ELSE child ->> 'previous_value' END,
                    updated
                FROM (SELECT *, unnest(json_keys(child, 'custom_ticket_fields')) AS name
                    FROM changes WHERE json_exists(child, 'custom_ticket_fields'))""",
            ),
            "ticket_tag_history": Table(
                "event_id",
                "SELECT id FROM staged",
                f"""SELECT {history},
                    unnest(CAST(child -> key AS VARCHAR[])) AS tag, action, updated
                FROM changes, (VALUES ('tags', 'added'), ('added_tags', 'added'),
                    ('removed_tags', 'removed')) AS keys(key, action)
                WHERE json_type(child, key) = 'ARRAY' AND (key <> 'tags' OR kind = 'Create')""",
            ),
        },
    )


LOADS: Mapping[str, Callable[[], Load]] = {
    "tickets": _tickets,
    "users": _users,
    "ticket_events": _ticket_events,
}


def _type_of(kind: Any) -> str:
    if isinstance(kind, list):
        return f"{_type_of(kind[0])}[]"
    if isinstance(kind, dict):
        inside = ", ".join(f'"{name}" {_type_of(each)}' for name, each in kind.items())
        return f"STRUCT({inside})"
    return str(kind)


def load(stream: str, packages: Iterable[Sequence[Path]], database: Path) -> None:
    """Load pages into a DuckDB file.

    Args:
        stream: Which of ``LOADS``.
        packages: Page files in the order of the export, as many at once as a transaction takes.
        database: The file; made if it is not there.
    """
    what = LOADS[stream]()
    staged = f"""SELECT unnest(page) FROM (SELECT unnest({stream}) AS page FROM read_json(?,
        columns = {{{stream}: '{_type_of([what.row])}'}}, format = 'newline_delimited',
        records = true, maximum_object_size = {2**25}))"""
    with closing(duckdb.connect(str(database))) as connection:
        connection.execute("SET threads = 1; SET checkpoint_threshold = '4GB'")
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {DATASET}; USE {DATASET}")
        for paths in packages:
            connection.execute("BEGIN")
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE staged AS {staged}", [[str(path) for path in paths]]
            )
            # The newest row a key: an export is in the order of changes.
            connection.execute(
                "DELETE FROM staged WHERE rowid NOT IN (SELECT max(rowid) FROM staged GROUP BY id)"
            )
            for name, rows in what.also_staged.items():
                connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {rows}")
            for name, table in what.tables.items():
                connection.execute(f"CREATE TABLE IF NOT EXISTS {name} AS {table.rows} LIMIT 0")
                connection.execute(f"DELETE FROM {name} WHERE {table.key} IN ({table.replaces})")
                connection.execute(f"INSERT INTO {name} {table.rows}")
            connection.execute("COMMIT")


def in_packages(paths: Sequence[Path], pages: int = PACKAGE_PAGES) -> Iterator[Sequence[Path]]:
    """Yield page files in packages."""
    for first in range(0, len(paths), pages):
        yield paths[first : first + pages]


def downloaded(stream: str, base_url: str, folder: Path) -> Iterator[Sequence[Path]]:
    """Ask for the pages of an export, and yield them as files, a package at a time.

    Args:
        stream: Which of ``LOADS``.
        base_url: Of the account.
        folder: For the files, which stay until the next package is asked for.
    """
    path = next(each.path for each in STREAMS if each.name == stream)
    package: list[Path] = []
    asked, is_over = {"start_time": "0"}, False
    with requests.Session() as session:
        while not is_over:
            package.append(folder / f"{len(package):03}.json")
            with (
                session.get(base_url + path, params=asked, stream=True) as answer,
                package[-1].open("wb+") as file,
            ):
                answer.raise_for_status()
                for piece in answer.iter_content(2**20):
                    file.write(piece)
                file.seek(-_TAIL_BYTES, os.SEEK_END)
                _, _, tail = file.read().rpartition(b"],")
            end = json.loads(b"{" + tail)
            asked, is_over = {"cursor": end["after_cursor"]}, end["end_of_stream"]
            if is_over or len(package) == PACKAGE_PAGES:
                yield package
                package = []
