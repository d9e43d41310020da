"""Settings in `.env` and under plain names: found last, and never mixed into another login."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs import PluggableRunContext

from zendesk_source import zendesk_source
from zendesk_source.command_line import main
from zendesk_source.destination.failures import explained
from zendesk_source.errors import ConfigurationError
from zendesk_source.settings.dlt_credentials import (
    ZendeskApiToken,
    ZendeskCredentials,
    ZendeskOAuthClient,
    ZendeskOAuthToken,
    ZendeskRefreshToken,
)
from zendesk_source.settings.dotenv import PLAIN_NAMES, dotenv_values, read_plain_settings
from zendesk_source.simulator import Account, Simulator

SECRET = "s3cr3t"
DLT = "SOURCES__ZENDESK__CREDENTIALS__"

Resolve = Callable[[], Any]


@pytest.fixture
def resolve() -> Resolve:
    @dlt.source(name="zendesk", section="zendesk")
    def source(credentials: ZendeskCredentials = dlt.secrets.value) -> Any:
        given.append(credentials)
        return []

    given: list[Any] = []

    def resolve() -> Any:
        read_plain_settings()
        with explained():
            source()
        return given.pop()

    return resolve


def write(folder: Path, **values: str) -> None:
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in values.items()))


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        ({"CLIENT_ID": "etl", "CLIENT_SECRET": SECRET}, ZendeskOAuthClient),
        ({"CLIENT_ID": "etl", "REFRESH_TOKEN": SECRET}, ZendeskRefreshToken),
        ({"CLIENT_ID": "etl", "TOKEN_FILE": "tokens.json"}, ZendeskRefreshToken),
        ({"OAUTH_TOKEN": SECRET}, ZendeskOAuthToken),
        ({"EMAIL": "a@acme.com", "API_TOKEN": SECRET}, ZendeskApiToken),
    ],
)
@pytest.mark.parametrize("place", ["environment", "file"])
def test_every_way_to_log_in_has_plain_names(
    names: dict[str, str],
    kind: type[Any],
    place: str,
    resolve: Resolve,
    own_dlt: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = {f"ZENDESK_{name}": value for name, value in {"SUBDOMAIN": "acme", **names}.items()}
    if place == "file":
        write(own_dlt, **plain, ZENDESK_CHAT_TOKEN="chat")
    else:
        for name, value in plain.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("ZENDESK_CHAT_TOKEN", "chat")
    credentials = resolve()
    assert type(credentials) is kind
    assert (credentials.subdomain, credentials.chat_token) == ("acme", "chat")
    fields = {field: name.removeprefix("ZENDESK_") for field, name in PLAIN_NAMES.items()}
    got = {fields[field]: value for field, value in dict(credentials).items() if field in fields}
    assert {name: got[name] for name in names} == names


def test_the_real_environment_comes_before_the_file(
    resolve: Resolve, own_dlt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(own_dlt, ZENDESK_SUBDOMAIN="of_the_file", ZENDESK_OAUTH_TOKEN="of_the_file")
    monkeypatch.setenv("ZENDESK_OAUTH_TOKEN", "of_the_environment")
    credentials = resolve()
    assert credentials.oauth_token == "of_the_environment"
    assert credentials.subdomain == "of_the_file"


@pytest.mark.parametrize("place", ["environment", "secrets.toml", ".env"])
def test_a_login_under_dlt_s_names_is_not_mixed_with_plain_ones(
    place: str, resolve: Resolve, own_dlt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = {"ZENDESK_SUBDOMAIN": "plain", "ZENDESK_CLIENT_ID": "other_tool"}
    plain |= {"ZENDESK_CLIENT_SECRET": "other", "ZENDESK_API_TOKEN": "other"}
    ours = {"SUBDOMAIN": "acme", "EMAIL": "a@acme.com", "TOKEN": SECRET}
    for name, value in plain.items():
        monkeypatch.setenv(name, value)
    if place == ".env":
        write(own_dlt, **{DLT + name: value for name, value in ours.items()})
    elif place == "environment":
        for name, value in ours.items():
            monkeypatch.setenv(DLT + name, value)
    else:
        lines = [f'{name.lower()} = "{value}"' for name, value in ours.items()]
        text = "\n".join(["[sources.zendesk.credentials]", *lines])
        (own_dlt / ".dlt" / "secrets.toml").write_text(text)
        Container()[PluggableRunContext].reload(str(own_dlt))
    credentials = resolve()
    assert type(credentials) is ZendeskApiToken
    assert (credentials.subdomain, credentials.token) == ("acme", SECRET)


def test_half_a_login_in_a_file_of_dlt_is_completed(
    resolve: Resolve, own_dlt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DLT + "SUBDOMAIN", "acme")
    monkeypatch.setenv(DLT + "CLIENT_ID", "etl")
    write(own_dlt, ZENDESK_CLIENT_SECRET=SECRET)
    credentials = resolve()
    assert type(credentials) is ZendeskOAuthClient
    assert (credentials.client_id, credentials.client_secret) == ("etl", SECRET)


@pytest.mark.parametrize("place", ["nowhere", "environment", "file"])
def test_dlt_leaves_the_plain_names_out_where_none_is_set(
    place: str, own_dlt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place == "environment":
        monkeypatch.setenv("ZENDESK_EMAIL", "a@acme.com")
    if place == "file":
        write(own_dlt, ZENDESK_EMAIL="a@acme.com")
    read_plain_settings()
    provider = Container()[PluggableRunContext].providers["ZENDESK_* names"]
    assert provider.is_empty is (place == "nowhere")


def test_any_setting_of_dlt_may_stand_in_the_file(own_dlt: Path) -> None:
    write(own_dlt, DESTINATION__POSTGRES__CREDENTIALS="postgresql://somewhere")
    read_plain_settings()
    assert dlt.secrets["destination.postgres.credentials"] == "postgresql://somewhere"


def test_an_empty_plain_name_is_as_none(resolve: Resolve, own_dlt: Path) -> None:
    write(own_dlt, ZENDESK_SUBDOMAIN="acme", ZENDESK_REFRESH_TOKEN="", ZENDESK_OAUTH_TOKEN=SECRET)
    assert type(resolve()) is ZendeskOAuthToken


def test_a_second_reading_finds_the_file_as_it_is_now(resolve: Resolve, own_dlt: Path) -> None:
    write(own_dlt, ZENDESK_SUBDOMAIN="acme", ZENDESK_OAUTH_TOKEN="first")
    assert resolve().oauth_token == "first"
    write(own_dlt, ZENDESK_SUBDOMAIN="acme", ZENDESK_OAUTH_TOKEN="second")
    assert resolve().oauth_token == "second"


@pytest.mark.parametrize("has_file", [True, False])
def test_what_is_missing_says_where_it_was_looked_for(
    has_file: bool, resolve: Resolve, own_dlt: Path
) -> None:
    if has_file:
        write(own_dlt, ZENDESK_SUBDOMAIN="acme", ZENDESK_CLIENT_ID="etl")
    with pytest.raises(ConfigurationError) as caught:
        resolve()
    message = str(caught.value)
    looked, absent = message.partition("Looked in ")[2].split("; there is no ")
    assert "the environment" in looked
    assert f"{own_dlt}/.dlt/config.toml" in looked
    assert f"{own_dlt}/.dlt/secrets.toml" in absent
    assert f"{own_dlt}/.env" in (looked if has_file else absent)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("  export A = b  ", "b"),
        ("A='b c'", "b c"),
        ('A="b # c" # comment', "b # c"),
        ("A=b#c # comment", "b#c"),
        ("A=# comment", ""),
        ("A=", ""),
        ("A=$HOME=x", "$HOME=x"),
        ("A=it's", "it's"),
        ("# A=c\n\nA=b", "b"),
        ("\ufeffA=b", "b"),
        ("A=b\r\n", "b"),
        ("A=first\nA=b", "b"),
    ],
)
def test_a_line_is_read_as_people_write_it(line: str, value: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(line, encoding="utf-8")
    assert dotenv_values(tmp_path / ".env") == {"A": value}


@pytest.mark.parametrize("line", [SECRET, f'A="{SECRET}', f"A='{SECRET}' {SECRET}", f"1A={SECRET}"])
def test_a_line_that_is_no_setting_is_named_and_not_shown(line: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"B=c\n{line}\n")
    with pytest.raises(ConfigurationError, match=r"\.env line 2 is not NAME=value") as caught:
        dotenv_values(tmp_path / ".env")
    assert SECRET not in str(caught.value)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff")
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        dotenv_values(tmp_path / ".env")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigurationError, match="Is a directory"):
        dotenv_values(tmp_path / "folder")


SNIPPET = """
import dlt
from zendesk_source import zendesk_support

pipeline = dlt.pipeline("zendesk", destination="duckdb", dataset_name="zendesk_data")
pipeline.run(zendesk_support().with_resources("groups"))
"""


def run_snippet() -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", SNIPPET]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_file_works_for_python_as_for_the_command_line(own_dlt: Path) -> None:
    account = Account.generate(tickets=1, users=2, organizations=1)
    with Simulator(account, oauth_token=SECRET) as zendesk:
        settings = {"ZENDESK_SUBDOMAIN": "acme", "ZENDESK_OAUTH_TOKEN": SECRET}
        place = {"DESTINATION__DUCKDB__CREDENTIALS": "of_the_file.duckdb"}
        write(own_dlt, **settings, **place, **{f"{DLT}BASE_URL": zendesk.base_url})
        ended = run_snippet()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (own_dlt / "of_the_file.duckdb").exists()


def test_python_says_what_is_missing_as_the_command_line_does(own_dlt: Path, capsys) -> None:
    write(own_dlt, ZENDESK_SUBDOMAIN="acme", ZENDESK_CLIENT_ID="etl")
    ended = run_snippet()
    assert main(["load"]) == 2
    said = capsys.readouterr().err.removeprefix("error: ").strip()
    assert "ZENDESK_CLIENT_SECRET" in said
    message = ended.stderr.splitlines()[-1].removeprefix("zendesk_source.errors.")
    (where,) = {text.partition("Looked in")[0] for text in (message, f"ConfigurationError: {said}")}
    assert "`client_secret` is missing" in where
    assert ended.stderr.count("Traceback") == 1
    assert "/dlt/" not in ended.stderr.partition("Error: ")[0]


def test_a_copy_of_a_source_reads_the_file_too(own_dlt: Path) -> None:
    write(own_dlt, SOURCES__EMEA__CREDENTIALS__SUBDOMAIN="emea")
    with pytest.raises(ConfigurationError, match=r"client_secret|oauth_token"):
        zendesk_source.clone(section="emea")()
