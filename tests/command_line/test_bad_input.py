"""Whatever a user gets wrong: what to do, the right exit code, no traceback, nothing lost."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb
import pytest

from pipelines.zendesk_pipeline import main
from tests.support.login_mistakes import LOGIN_CASES
from tests.support.mistakes import CASES, CREDENTIAL_CASES, CREDENTIALS, GOOD, SECRET, Case
from zendesk_source.api.clock import SystemClock
from zendesk_source.simulator import Account, RateLimits, Simulator

SCRIPT = Path(__file__).parents[2] / "pipelines" / "zendesk_pipeline.py"


@pytest.fixture(scope="module")
def account() -> Account:
    return Account.generate(tickets=20, users=10, organizations=2)


@pytest.fixture
def zendesk(account: Account) -> Iterator[Simulator]:
    with Simulator(
        account,
        rate_limits=RateLimits.off(),
        oauth_client=(GOOD["CLIENT_ID"], GOOD["CLIENT_SECRET"]),
        oauth_token=f"{SECRET}-bearer",
        api_token=("agent@example.com", f"{SECRET}-api"),
    ) as simulator:
        yield simulator


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SystemClock, "sleep", lambda self, seconds: None)


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch, zendesk: Simulator) -> Callable[..., None]:
    def configure(credentials: Mapping[str, str], env: Mapping[str, str] | None = None) -> None:
        for name in (*GOOD, "OAUTH_TOKEN", "EMAIL", "TOKEN", "BASE_URL", "SCOPE"):
            monkeypatch.delenv(CREDENTIALS + name, raising=False)
        given = {CREDENTIALS + name: value for name, value in credentials.items()}
        for name, value in {CREDENTIALS + "BASE_URL": zendesk.base_url, **given}.items():
            monkeypatch.setenv(name, value)
        for name, value in (env or {}).items():
            monkeypatch.setenv(name, value)

    return configure


def groups_in(file: Path) -> list[tuple[object, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.sql("select id, name from zendesk_data.groups order by 1").fetchall()


@pytest.fixture
def loaded(
    configure, own_dlt: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[object, ...]]:
    """Put the groups into the file of the test, as the first load did; returns them."""
    kept = tmp_path_factory.getbasetemp() / "groups.duckdb"
    mine = own_dlt / "zendesk.duckdb"
    if not kept.exists():
        configure(GOOD)
        assert main(["--streams", "groups"]) == 0
        shutil.copy(mine, kept)
    shutil.copy(kept, mine)
    rows = groups_in(mine)
    assert rows
    return rows


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mistake_is_explained_and_costs_nothing(
    case: Case, loaded, zendesk, configure, own_dlt: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if case.prepare is not None:
        case.prepare(zendesk, own_dlt)
    configure(case.credentials, case.env)
    capfd.readouterr()

    assert main(case.args) == case.code

    printed = "".join(capfd.readouterr())
    assert [word for word in case.words if word not in printed] == [], printed
    assert "Traceback" not in printed
    assert SECRET not in printed
    assert groups_in(own_dlt / "zendesk.duckdb") == loaded


@pytest.mark.parametrize("case", [*CREDENTIAL_CASES[:-1], *LOGIN_CASES], ids=lambda case: case.name)
def test_nothing_is_written_before_the_credentials_are_good(
    case: Case, zendesk, configure, own_dlt: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if case.prepare is not None:
        case.prepare(zendesk, own_dlt)
    configure(case.credentials)
    assert main(case.args) == case.code
    printed = "".join(capfd.readouterr())
    assert [word for word in case.words if word not in printed] == [], printed
    assert "Traceback" not in printed
    assert SECRET not in printed
    assert list(own_dlt.glob("*.duckdb")) == []


@dataclass(frozen=True)
class StubAnswer:
    """What another server than Zendesk answers to everything."""

    code: int
    words: tuple[str, ...]
    status: int
    body: bytes = b""
    location: str = ""


STUB_ANSWERS = {
    "a_web_page": StubAnswer(1, ("not JSON",), 200, b"<html>Log in to the hotel Wi-Fi</html>"),
    "an_anonymous_visitor": StubAnswer(3, ("anonymous",), 200, b'{"user": {"id": null}}'),
    "no_such_account": StubAnswer(2, ("No Zendesk account",), 404, b"No help desk at acme"),
    "a_renamed_account": StubAnswer(
        2, ("moved to new.zendesk.com", "`subdomain`"), 301, location="https://new.zendesk.com/"
    ),
    "an_expired_token": StubAnswer(3, ("401", "expired"), 401, b'{"error": "invalid_token"}'),
}


@pytest.mark.parametrize("answer", STUB_ANSWERS.values(), ids=list(STUB_ANSWERS))
def test_an_address_that_is_not_the_account_is_explained(
    answer: StubAnswer, configure, own_dlt: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answer.status)
            if answer.location:
                self.send_header("Location", answer.location)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        configure({"SUBDOMAIN": "acme", "OAUTH_TOKEN": SECRET, "BASE_URL": address})
        code = main(["--streams", "groups"])
        server.shutdown()
    printed = "".join(capfd.readouterr())
    assert code == answer.code, printed
    assert [word for word in answer.words if word not in printed] == [], printed
    assert "Traceback" not in printed
    assert SECRET not in printed
    assert list(own_dlt.glob("*.duckdb")) == []


def test_a_file_held_by_another_process_is_named(
    configure, own_dlt: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    configure(GOOD)
    assert main(["--streams", "groups"]) == 0
    hold = "import duckdb, sys; c = duckdb.connect('zendesk.duckdb'); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        code = main(["--streams", "groups,brands"])  # with nothing new it is not even opened
        holder.communicate(b"\n")
    printed = capfd.readouterr().err
    assert code == 2
    assert f"{own_dlt}/zendesk.duckdb is open in another process" in printed
    assert main(["--streams", "groups"]) == 0


def test_a_bug_shows_where_and_asks_for_a_report(
    configure, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    configure(GOOD)
    monkeypatch.setattr("zendesk_source.command_line.loading.sync", broken)
    assert main([]) == 1
    printed = capfd.readouterr().err
    assert "Traceback" in printed
    assert "report" in printed


@pytest.mark.parametrize(
    ("credentials", "code", "word"),
    [
        ({}, 2, "No Zendesk account"),
        ({**GOOD, "CLIENT_SECRET": f"{SECRET}-x"}, 3, "invalid_client"),
    ],
    ids=["nothing", "wrong_client"],
)
def test_the_process_ends_with_the_exit_code(
    credentials: Mapping[str, str], code: int, word: str, configure
) -> None:
    configure(credentials)
    ended = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (code, ""), ended.stderr
    assert word in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert SECRET not in ended.stderr


def test_a_settings_file_that_is_not_toml_is_named(configure, own_dlt: Path) -> None:
    configure(GOOD)
    (own_dlt / ".dlt" / "secrets.toml").write_text(f'[sources.zendesk]\ntoken = "{SECRET}\n')
    ended = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "secrets.toml cannot be read: see line 2" in ended.stderr
    assert SECRET not in ended.stderr
