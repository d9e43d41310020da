"""The mistakes a user can make, each with the message and the exit code it must give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from zendesk_source.simulator import Fault, Simulator

SECRET = "s3cr3t"
CREDENTIALS = "SOURCES__ZENDESK__CREDENTIALS__"
GOOD = {"SUBDOMAIN": "acme", "CLIENT_ID": "client", "CLIENT_SECRET": f"{SECRET}-client"}
POSTGRES = "DESTINATION__POSTGRES__CREDENTIALS"
FILE = "DESTINATION__DUCKDB__CREDENTIALS"

Prepare = Callable[[Simulator, Path], object]


@dataclass(frozen=True)
class Case:
    """One mistake.

    Attributes:
        name: Of the test.
        code: Exit code.
        words: What the message must hold.
        args: Of the script.
        credentials: In place of the good ones.
        env: Further variables.
        prepare: Done before, with the simulator and the project's folder.
    """

    name: str
    code: int
    words: tuple[str, ...]
    args: tuple[str, ...] = ("--streams", "groups")
    credentials: Mapping[str, str] = field(default_factory=lambda: GOOD)
    env: Mapping[str, str] = field(default_factory=dict)
    prepare: Prepare | None = None


def refused(*streams: str, status: int = 403) -> Prepare:
    def prepare(zendesk: Simulator, project: Path) -> None:
        for stream in streams:
            zendesk.refuse(stream, status)  # type: ignore[arg-type]

    return prepare


def failing(fault: Fault) -> Prepare:
    return lambda zendesk, project: zendesk.fail_next(fault, "groups", times=99)


def written(name: str, text: str) -> Prepare:
    def prepare(zendesk: Simulator, project: Path) -> None:
        (project / name).write_text(text)

    return prepare


CREDENTIAL_CASES = [
    Case("nothing", 2, ("No Zendesk account", "--demo", "secrets.toml"), credentials={}),
    Case(
        "only_the_subdomain",
        2,
        ("Only `subdomain`", "oauth_token"),
        credentials={"SUBDOMAIN": "acme"},
    ),
    Case(
        "no_client_secret",
        2,
        ("`client_secret` is missing", "__CLIENT_SECRET", "zendesk-source login"),
        credentials={"SUBDOMAIN": "acme", "CLIENT_ID": "client"},
    ),
    Case(
        "no_client_id",
        2,
        ("`client_id` is missing", "__CLIENT_ID"),
        credentials={"SUBDOMAIN": "acme", "CLIENT_SECRET": SECRET},
    ),
    Case(
        "no_email",
        2,
        ("`email` is missing", "__EMAIL", "an API token needs"),
        credentials={"SUBDOMAIN": "acme", "TOKEN": SECRET},
    ),
    Case(
        "no_token",
        2,
        ("`token` is missing", "__TOKEN"),
        credentials={"SUBDOMAIN": "acme", "EMAIL": "agent@example.com"},
    ),
    Case(
        "no_subdomain",
        2,
        ("`subdomain` is missing", "__SUBDOMAIN"),
        credentials={"OAUTH_TOKEN": SECRET},
    ),
    Case(
        "empty_client_secret",
        2,
        ("`client_secret` is empty",),
        credentials={**GOOD, "CLIENT_SECRET": ""},
    ),
    Case(
        "empty_oauth_token",
        2,
        ("`oauth_token` is empty",),
        credentials={"SUBDOMAIN": "acme", "OAUTH_TOKEN": " "},
    ),
    Case(
        "wrong_client",
        3,
        ("invalid_client", "client_secret"),
        credentials={**GOOD, "CLIENT_SECRET": f"{SECRET}-wrong"},
    ),
    Case(
        "wrong_oauth_token",
        3,
        ("401", "invalid_token", "`oauth_token`"),
        credentials={"SUBDOMAIN": "acme", "OAUTH_TOKEN": f"{SECRET}-wrong"},
    ),
    Case(
        "wrong_api_token",
        3,
        ("401", "`email` and `token`"),
        credentials={"SUBDOMAIN": "acme", "EMAIL": "a@b.co", "TOKEN": f"{SECRET}-wrong"},
    ),
    Case(
        "host_mapped_subdomain",
        2,
        ("support.acme.com", "`acme` for"),
        credentials={**GOOD, "SUBDOMAIN": "support.acme.com", "BASE_URL": ""},
    ),
    Case(
        "subdomain_with_spaces",
        2,
        ("`subdomain`", "does not name a Zendesk account"),
        credentials={**GOOD, "SUBDOMAIN": "acme corp", "BASE_URL": ""},
    ),
    Case(
        "unencrypted_address",
        2,
        ("unencrypted", "https://"),
        credentials={**GOOD, "BASE_URL": "http://acme.zendesk.com"},
    ),
    Case(
        "another_account",
        2,
        ("holds the account acme", "--dataset"),
        credentials={**GOOD, "SUBDOMAIN": "other"},
    ),
]

OPTION_CASES = [
    Case("unknown_stream", 2, ("'ticket'", "Did you mean", "tickets"), ("--streams", "ticket")),
    Case("misspelt_table", 2, ("ticket_comments",), ("--streams", "ticket_coments,groups")),
    Case("no_stream", 2, ("--streams names no stream",), ("--streams", ",")),
    Case(
        "start_after_end",
        2,
        ("is not before end_date", "Swap"),
        ("--start-date", "2024-02-01", "--end-date", "2024-01-01"),
    ),
    Case("start_in_the_future", 2, ("in the future",), ("--start-date", "2999-01-01")),
    Case(
        "unparsable_start",
        2,
        ("start_date is not a date", "'yesterday'", "2024-01-31"),
        ("--start-date", "yesterday"),
    ),
    Case("unparsable_end", 2, ("end_date is not a date",), ("--end-date", "31.01.2024")),
    Case("before_zendesk", 2, ("before 1970",), ("--start-date", "1901-01-01")),
    Case("dataset_with_spaces", 2, ("--dataset cannot be 'my data'",), ("--dataset", "my data")),
    Case("dataset_named_as_the_file", 2, ("same name", "--dataset"), ("--dataset", "zendesk")),
    Case("no_minutes", 2, ("--max-minutes",), ("--max-minutes", "0")),
    Case("demo_into_postgres", 2, ("DuckDB only",), ("--demo", "--destination", "postgres")),
    Case("demo_of_one_stream", 2, ("--demo takes no --streams",), ("--demo", "--streams", "tags")),
    Case(
        "demo_over_real_data",
        2,
        ("real data",),
        ("--demo", "--dataset", "zendesk_data"),
        env={FILE: "zendesk.duckdb"},
    ),
    Case(
        "unknown_custom_fields",
        2,
        ("`custom_fields` cannot be 'row'", "columns or rows or json"),
        env={"SOURCES__ZENDESK__CUSTOM_FIELDS": "row"},
    ),
    Case(
        "share_above_one",
        2,
        ("rate_limit_share is 7", "up to 1"),
        env={"SOURCES__ZENDESK__RATE_LIMIT_SHARE": "7"},
    ),
    Case(
        "share_of_nothing",
        2,
        ("rate_limit_share is 0",),
        env={"SOURCES__ZENDESK__RATE_LIMIT_SHARE": "0"},
    ),
    Case(
        "share_as_text",
        2,
        ("`rate_limit_share` cannot be 'lots'", "0.9"),
        env={"SOURCES__ZENDESK__RATE_LIMIT_SHARE": "lots"},
    ),
    Case(
        "deleted_in_another_way",
        2,
        ("`deleted`", "mark", "remove"),
        env={"SOURCES__ZENDESK__DELETED": "perhaps"},
    ),
]

DESTINATION_CASES = [
    Case(
        "unknown_destination",
        2,
        ("'postgras'", "Did you mean postgres"),
        ("--destination", "postgras"),
    ),
    Case("missing_package", 2, ("dlt[mssql]", "pip install"), ("--destination", "mssql")),
    Case(
        "postgres_without_settings",
        2,
        ("`database`", "[destination.postgres.credentials]"),
        ("--destination", "postgres"),
    ),
    Case(
        "postgres_down",
        2,
        ("does not answer", "refused"),
        ("--destination", "postgres"),
        env={POSTGRES: f"postgresql://postgres:{SECRET}@127.0.0.1:9/test"},
    ),
    Case(
        "postgres_settings_unreadable",
        2,
        ("PostgresCredentials",),
        ("--destination", "postgres"),
        env={POSTGRES: f"postgres:{SECRET}"},
    ),
    Case(
        "files_without_a_folder",
        2,
        ("`bucket_url`", "[destination.filesystem]"),
        ("--destination", "filesystem"),
    ),
    Case(
        "duckdb_in_a_missing_folder",
        2,
        ("/no/such/x.duckdb", "folder must exist"),
        env={FILE: "/no/such/x.duckdb"},
    ),
    Case(
        "duckdb_not_writable",
        2,
        ("/proc/x.duckdb", "cannot be opened"),
        env={FILE: "/proc/x.duckdb"},
    ),
    Case(
        "not_a_duckdb_file",
        2,
        ("is not a DuckDB file",),
        env={FILE: "notes.duckdb"},
        prepare=written("notes.duckdb", "not a database"),
    ),
    Case("disk_full", 1, ("disk is full", "start again"), env={FILE: "/dev/full"}),
]

ZENDESK_CASES = [
    Case(
        "scope_that_covers_nothing",
        1,
        ("skipped: groups", "403", "`read` covers everything"),
        credentials={**GOOD, "SCOPE": "reads"},
    ),
    Case(
        "refused_by_role",
        5,
        ("skipped: groups", "403", "admin"),
        ("--streams", "groups,tags"),
        prepare=refused("groups"),
    ),
    Case(
        "not_on_this_plan",
        5,
        ("skipped: groups", "404", "plan"),
        ("--streams", "groups,tags"),
        prepare=refused("groups", status=404),
    ),
    Case("everything_refused", 1, ("skipped: groups", "403"), prepare=refused("groups")),
    Case(
        "page_of_html",
        5,
        ("failed: groups", "not JSON"),
        ("--streams", "groups,tags"),
        prepare=failing(Fault.HTML),
    ),
    Case(
        "half_a_page",
        5,
        ("failed: groups", "not JSON"),
        ("--streams", "groups,tags"),
        prepare=failing(Fault.CUT_JSON),
    ),
    Case(
        "server_error",
        5,
        ("failed: groups", "500", "status.zendesk.com"),
        ("--streams", "groups,tags"),
        prepare=failing(Fault.SERVER_ERROR),
    ),
    Case(
        "nobody_listens",
        1,
        ("127.0.0.1:9 refuses connections", "`base_url`"),
        credentials={**GOOD, "BASE_URL": "http://127.0.0.1:9"},
    ),
    Case(
        "nobody_listens_to_a_token",
        1,
        ("127.0.0.1:9 refuses connections", "`base_url`"),
        credentials={"SUBDOMAIN": "acme", "OAUTH_TOKEN": SECRET, "BASE_URL": "http://127.0.0.1:9"},
    ),
]

CASES = [*CREDENTIAL_CASES, *OPTION_CASES, *DESTINATION_CASES, *ZENDESK_CASES]
