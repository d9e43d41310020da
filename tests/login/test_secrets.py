"""No secret is where others look: logs, errors, tracebacks, dlt's traces and state, the tables."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import pytest

from pipelines.zendesk_pipeline import main
from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.clock import SystemClock
from zendesk_source.simulator import Account, Fault, Simulator

SECRET = "s3cr3t"
STREAMS = ("--streams", "groups,chat_agents")
KINDS = {
    "client": {"client_id": "client", "client_secret": f"{SECRET}-client"},
    "refresh_token": {"client_id": "client", "client_secret": f"{SECRET}-client"},
    "oauth_token": {"oauth_token": f"{SECRET}-bearer"},
    "api_token": {"email": "agent@example.com", "token": f"{SECRET}-api"},
}


@pytest.fixture
def zendesk(small_account: Account) -> Iterator[Simulator]:
    with Simulator(
        small_account,
        oauth_client=("client", f"{SECRET}-client"),
        oauth_token=f"{SECRET}-bearer",
        api_token=("agent@example.com", f"{SECRET}-api"),
        chat_token=f"{SECRET}-chat",
    ) as simulator:
        yield simulator


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


@pytest.fixture(params=KINDS)
def credentials(
    request: pytest.FixtureRequest,
    zendesk: Simulator,
    token_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> list[str]:
    """Set one kind of credentials; returns what must not be found."""
    fields: Mapping[str, str] = KINDS[request.param]
    given: list[str] = []
    if request.param == "refresh_token":
        given.append(zendesk.issue_refresh_token())
        fields = {**fields, "refresh_token": given[0], "token_file": str(token_file)}
    common = {"subdomain": "acme", "base_url": zendesk.base_url, "chat_token": f"{SECRET}-chat"}
    for name, value in {**common, **fields}.items():
        monkeypatch.setenv(f"SOURCES__ZENDESK__CREDENTIALS__{name.upper()}", value)
    monkeypatch.setenv("RUNTIME__LOG_LEVEL", "DEBUG")
    monkeypatch.setattr(SystemClock, "sleep", lambda self, seconds: None)
    pair = f"agent@example.com/token:{SECRET}-api".encode()
    return [SECRET, base64.b64encode(pair).decode(), *given]


def found(secrets: list[str], printed: str, folder: Path, token_file: Path) -> list[str]:
    """Return where secrets are, apart from the file that is there to keep them."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    files = [path for path in files if not path.name.startswith(token_file.name)]
    assert any(path.name == "trace.pickle" for path in files)
    contents = {str(path): path.read_bytes() for path in files} | {"output": printed.encode()}
    return [
        place
        for place, content in contents.items()
        if any(secret.encode() in content for secret in secrets)
    ]


@pytest.mark.long
def test_good_and_bad_runs_leave_no_secret_anywhere(
    credentials: list[str],
    zendesk: Simulator,
    token_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert main(STREAMS) == 0
    secrets = [*credentials, *zendesk.credentials.tokens()]
    if token_file.exists():  # the kind with the most to hide is tried most
        zendesk.fail_next(Fault.HTML, "groups", times=99)
        assert main(STREAMS) == 5
        monkeypatch.setenv("SOURCES__ZENDESK__CREDENTIALS__SUBDOMAIN", "other")
        assert main(STREAMS) == 2
    _break(zendesk)
    assert main(STREAMS) == 3
    with duckdb.connect("zendesk.duckdb", read_only=True) as connection:
        tables = connection.sql("from zendesk_data._dlt_pipeline_state").fetchall()
    assert tables
    assert found(secrets, "".join(capfd.readouterr()), tmp_path, token_file) == []


def _break(zendesk: Simulator) -> None:
    """Let Zendesk refuse every credential from now on."""
    zendesk.credentials.revoke_all()
    zendesk.credentials.oauth_client = ("client", "another")
    zendesk.credentials.oauth_token = ""
    zendesk.credentials.api_token = ("agent@example.com", "another")


def test_the_traceback_of_a_bug_shows_no_secret(
    credentials: list[str],
    zendesk: Simulator,
    token_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def broken(self: ZendeskClient, asking: object, *args: object) -> None:
        raise ZeroDivisionError(asking)

    monkeypatch.setattr(ZendeskClient, "_understood", broken)
    assert main(STREAMS) == 1
    printed = "".join(capfd.readouterr())
    assert "Traceback" in printed
    assert "Asking(" in printed
    assert [s for s in [*credentials, *zendesk.credentials.tokens()] if s in printed] == []


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "trace.pickle").write_bytes(b"\x00s3cr3t\x00")
    (tmp_path / "tokens.json.new").write_bytes(b"s3cr3t")
    there = found([SECRET], "an s3cr3t", tmp_path, tmp_path / "tokens.json")
    assert there == [str(tmp_path / "trace.pickle"), "output"]
