"""The file of many accounts: what it means, and what is refused of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.documentation.blocks import ROOT, blocks
from zendesk_source import ConfigurationError, read_accounts
from zendesk_source.fleet.unit import credentials_of, source_of
from zendesk_source.settings.credentials import base_url_of

PAGE = ROOT / "docs" / "many_accounts.md"
LOGIN = 'client_id = "id-of-acme"\nclient_secret = "env:ACME_SECRET"'
ACME = f"[accounts.acme]\n{LOGIN}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "accounts.toml"


def read(file: Path, text: str, **options):
    file.write_text(text)
    return read_accounts(file, **options)


def test_a_key_of_all_accounts_holds_where_an_account_has_none_of_its_own(file):
    text = f"""
        database = "/srv/{{account}}.duckdb"
        streams = ["tickets"]
        deleted = "remove"
        start_date = 2024-01-31
        {LOGIN}
        [accounts.acme]
        [accounts.acme-emea]
        streams = "users, groups"
        deleted = "mark"
        rate_limit_share = 0.5
        subdomain = "acme2"
    """
    acme, emea = read(file, text)
    assert acme == {
        "account": "acme",
        "file": str(file),
        "destination": "duckdb",
        "database": "/srv/acme.duckdb",
        "dataset": "zendesk_acme",
        "streams": ["tickets"],
        "start_date": "2024-01-31",
        "options": {"deleted": "remove"},
        "credentials": {
            "client_id": "id-of-acme",
            "client_secret": "env:ACME_SECRET",
            "subdomain": "acme",
        },
    }
    assert (emea["dataset"], emea["streams"]) == ("zendesk_acme_emea", ["users", "groups"])
    assert emea["options"] == {"deleted": "mark", "rate_limit_share": 0.5}
    assert emea["credentials"]["subdomain"] == "acme2"
    assert [unit["account"] for unit in read_accounts(file, ["acme-emea"])] == ["acme-emea"]


def test_a_file_lies_beside_the_file_of_accounts_unless_it_has_a_folder(file):
    (unit,) = read(file, ACME)
    assert unit["database"] == str(file.parent / "acme.duckdb")
    (unit,) = read(file, f'destination = "postgres"\n{ACME}')
    assert (unit["destination"], unit["database"]) == ("postgres", "")


def test_the_file_of_the_page_is_understood(file):
    (shown,) = (block for block in blocks(PAGE) if block.language == "toml")
    acme, emea, retail = read(file, shown.text)
    assert acme["credentials"]["client_secret"] == "file:/run/secrets/zendesk/acme"
    assert emea["streams"] == ["core", "hc_*"]
    assert retail["credentials"]["subdomain"] == "acmeretail"


MISTAKES = {
    "is not TOML: see line 1, column": "accounts",
    "names no account": "[other]",
    "accounts.a b is no account": '[accounts."a b"]',
    "account acme: streems is no setting. Did you mean streams": f'streems = "core"\n{ACME}',
    "account acme: streams: There is no stream 'tickts'": f'streams = ["tickts"]\n{ACME}',
    "account acme: streams is no list": f"streams = 3\n{ACME}",
    "account acme: dataset cannot be '7'": f'dataset = "7"\n{ACME}',
    "account acme: database is a file of DuckDB": f'{ACME}\ndestination = "postgres"\n'
    'database = "/srv/x"',
    "account acme: database and dataset are both called x": f'database = "x.duckdb"\n'
    f'dataset = "x"\n{ACME}',
    "account acme: deleted cannot be 'all'. It is one of mark": f'deleted = "all"\n{ACME}',
    "account acme: account_column is neither": f'account_column = "yes"\n{ACME}',
    "account acme: rate_limit_share is no number": f'rate_limit_share = "a"\n{ACME}',
    "account acme: rate_limit_share is 2": f"rate_limit_share = 2\n{ACME}",
    "account acme: start_date": f'start_date = "soon"\n{ACME}',
    "account acme: client_secret is no text": '[accounts.acme]\nclient_id = "a"\nclient_secret = 5',
    "account acme: the log-in: none is given": "[accounts.acme]",
    "account acme: the log-in: client_id and oauth_token do not belong together": "[accounts.acme]"
    '\nclient_id = "a"\noauth_token = "env:B"',
    "account acme: token is missing": '[accounts.acme]\nemail = "a@example.com"',
    "account acme: client_id is missing": '[accounts.acme]\nclient_secret = "env:A"',
    "account a_b: `subdomain` does not name": f"[accounts.a_b]\n{LOGIN}",
    "accounts acme and Acme have names that some disks": f"{LOGIN}\n[accounts.acme]\n"
    '[accounts.Acme]\nsubdomain = "b"',
    "accounts acme and b have one place": f'{LOGIN}\ndatabase = "/srv/all.duckdb"\n'
    "[accounts.acme]\n[accounts.b]",
    "accounts acme and b have one Zendesk: acme.zendesk.com": f"{ACME}\n[accounts.b]\n{LOGIN}\n"
    'subdomain = "acme"',
}


@pytest.mark.parametrize("said", MISTAKES)
def test_a_mistake_is_told_with_its_account_and_key(said, file):
    with pytest.raises(ConfigurationError) as refused:
        read(file, MISTAKES[said])
    assert said in str(refused.value)
    assert str(file) in str(refused.value)


def test_an_account_that_is_not_there_is_refused_with_those_that_are(file):
    with pytest.raises(ConfigurationError, match=r"no account 'acne'.*Did you mean acme\?"):
        read(file, ACME, only=["acne"])


def test_no_unit_holds_a_secret_and_none_travels_that_stands_in_the_file(file, monkeypatch):
    text = '[accounts.acme]\noauth_token = "marker-token"'
    (unit,) = read(file, text)
    assert "marker-token" not in str(unit)
    assert vars(credentials_of(unit))["oauth_token"] == "marker-token"
    with pytest.raises(ConfigurationError, match="acme: oauth_token is in the file itself") as no:
        read(file, text, travels=True)
    assert "marker-token" not in str(no.value)


def test_the_secret_to_hash_with_is_hidden_like_all_others(file, monkeypatch):
    text = f'{ACME}\nprivate_key = "marker-private-key"\nprivate = {{contact = "hash"}}'
    (unit,) = read(file, text)
    assert "marker-private-key" not in str(unit)
    assert unit["options"] == {"private": {"contact": "hash"}}
    with pytest.raises(ConfigurationError, match="private_key is in the file itself"):
        read(file, text, travels=True)
    monkeypatch.setenv("ACME_SECRET", "of-acme")
    assert not hasattr(credentials_of(unit), "private_key")
    assert "tickets" in source_of(unit).selected_resources
    (unit,) = read(file, f'{ACME}\nprivate = {{contact = "hash"}}')
    with pytest.raises(ConfigurationError, match="private_key is missing"):
        source_of(unit)
    monkeypatch.setenv("SOURCES__ZENDESK__PRIVATE_KEY", "the-key-of-all-accounts")
    assert "tickets" in source_of(unit).selected_resources


def test_a_login_that_renews_itself_travels_with_a_shared_file_only(file):
    text = '[accounts.acme]\nclient_id = "a"\nrefresh_token = "env:A"'
    assert len(read(file, text)) == 1
    with pytest.raises(ConfigurationError, match="acme: token_file is missing"):
        read(file, text, travels=True)
    (unit,) = read(file, f'{text}\ntoken_file = "/shared/{{account}}.json"', travels=True)
    assert unit["credentials"]["token_file"] == "/shared/acme.json"


def test_references_are_looked_up_in_environment_file_and_section(file, tmp_path, monkeypatch):
    monkeypatch.setenv("ACME_SECRET", "of-the-environment\n")
    monkeypatch.setenv("SOURCES__ZENDESK_EMEA__CREDENTIALS__CLIENT_SECRET", "of-the-section")
    (tmp_path / "apac").write_text("of-the-file\n")
    Path(".env").write_text("OF_DOTENV=of-dotenv")
    secrets = {
        "acme": "env:ACME_SECRET",
        "emea": "section:zendesk_emea",
        "apac": f"file:{tmp_path}/{{account}}",
        "latam": "env:OF_DOTENV",
    }
    tables = [f'[accounts.{name}]\nclient_secret = "{text}"' for name, text in secrets.items()]
    units = read(file, "\n".join(['client_id = "a"', *tables]))
    found = {unit["account"]: credentials_of(unit) for unit in units}
    assert {name: vars(each)["client_secret"] for name, each in found.items()} == {
        "acme": "of-the-environment",
        "emea": "of-the-section",
        "apac": "of-the-file",
        "latam": "of-dotenv",
    }
    assert base_url_of(found["emea"]) == "https://emea.zendesk.com"


def test_a_reference_that_leads_nowhere_is_told_with_account_and_key(file):
    (unit,) = read(file, ACME)
    with pytest.raises(
        ConfigurationError, match="account acme: client_secret: there is nothing at env:ACME_SECRET"
    ):
        credentials_of(unit)


def test_nothing_of_another_account_fills_what_an_account_leaves_out(file, monkeypatch):
    for name in ("CHAT_TOKEN", "BASE_URL", "SCOPE", "REFRESH_TOKEN"):
        monkeypatch.setenv(f"SOURCES__ZENDESK__CREDENTIALS__{name}", "of-another")
    monkeypatch.setenv("ZENDESK_CHAT_TOKEN", "of-another")
    monkeypatch.setenv("ACME_SECRET", "of-acme")
    from zendesk_source.source import configured_connection

    (unit,) = read(file, ACME)
    credentials = configured_connection(credentials_of(unit)).credentials
    assert credentials.chat_token is None
    assert base_url_of(credentials) == "https://acme.zendesk.com"
    assert "of-another" not in str(vars(credentials))
