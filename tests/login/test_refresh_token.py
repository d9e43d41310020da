"""A pair of tokens that rotates: stored before it is used, spent once, and never lost twice."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.login.conftest import CLIENT, LogIn
from zendesk_source.api.client import ZendeskClient
from zendesk_source.api.standing import whoami
from zendesk_source.errors import AuthenticationError, ConfigurationError
from zendesk_source.login import token_file
from zendesk_source.login.token_file import TokenFile
from zendesk_source.simulator import SimulatedClock, Simulator
from zendesk_source.simulator.pages.answers import Answer

DAY = 86_400


def is_good(zendesk: Simulator, header: str) -> bool:
    answer = requests.get(
        f"{zendesk.base_url}/api/v2/users/me.json", headers={"Authorization": header}, timeout=10
    )
    return answer.status_code == 200


def test_a_refresh_token_of_the_settings_becomes_a_pair_in_the_file(
    log_in: LogIn, zendesk: Simulator, path: Path
) -> None:
    given = zendesk.issue_refresh_token()
    assert is_good(zendesk, log_in(given).header())
    kept = json.loads(path.read_text())
    assert kept["refresh_token"] not in ("", given)
    assert given not in path.read_text()


def test_the_next_runs_use_the_stored_access_token_and_spend_nothing(
    log_in: LogIn, zendesk: Simulator
) -> None:
    given = zendesk.issue_refresh_token()
    first = log_in(given).header()
    assert [log_in(given).header() for _ in range(3)] == [first] * 3
    assert zendesk.credentials.refreshes == 1


def test_a_pair_lives_on_for_months_of_runs(
    log_in: LogIn, zendesk: Simulator, clock: SimulatedClock
) -> None:
    given = zendesk.issue_refresh_token()
    headers = set()
    for _ in range(10):
        header = log_in(given).header()
        assert is_good(zendesk, header)
        headers.add(header)
        clock.advance(30 * DAY)
    assert len(headers) == zendesk.credentials.refreshes == 10


def test_an_access_token_that_expires_within_a_run_is_renewed(
    log_in: LogIn, zendesk: Simulator, clock: SimulatedClock, stored: TokenFile
) -> None:
    auth = log_in()
    assert is_good(zendesk, auth.header())
    clock.advance(2 * DAY - 30)
    assert is_good(zendesk, auth.header())
    assert zendesk.credentials.refreshes == 1


def test_a_401_renews_the_pair_and_asks_again(
    log_in: LogIn, zendesk: Simulator, clock: SimulatedClock, stored: TokenFile
) -> None:
    client = ZendeskClient(zendesk.base_url, log_in(), clock=clock)
    whoami(client)
    grant = zendesk.credentials._grants[-1]
    grant.access_until = 0.0  # revoked before its time
    assert whoami(client).role == "admin"
    assert zendesk.credentials.refreshes == 1


def test_a_process_whose_pair_another_has_renewed_takes_the_new_one(
    log_in: LogIn, zendesk: Simulator, clock: SimulatedClock, stored: TokenFile
) -> None:
    client = ZendeskClient(zendesk.base_url, log_in(), clock=clock)
    whoami(client)
    other = log_in()
    assert other.renew(other.header())
    assert whoami(client).role == "admin"
    assert zendesk.credentials.refreshes == 1


def test_a_new_refresh_token_in_the_settings_replaces_the_pair(
    log_in: LogIn, zendesk: Simulator, path: Path
) -> None:
    first = log_in(zendesk.issue_refresh_token()).header()
    second = log_in(zendesk.issue_refresh_token()).header()
    assert first != second
    assert is_good(zendesk, second)


def test_a_public_client_has_no_secret(
    log_in: LogIn, zendesk: Simulator, clock: SimulatedClock
) -> None:
    given = zendesk.credentials.issue_refresh_token(client_id="public_client")
    assert is_good(zendesk, log_in(given, client_id="public_client", client_secret="").header())


@pytest.mark.parametrize("status", [400, 401])
def test_a_spent_refresh_token_ends_with_a_remedy_in_either_spelling(
    log_in: LogIn, zendesk: Simulator, status: int
) -> None:
    zendesk.credentials.rules.refusal_status = status  # type: ignore[assignment]
    with pytest.raises(AuthenticationError, match=r"good for one use.*zendesk-source login") as it:
        log_in("a-token-used-elsewhere").header()
    assert f"answered {status} invalid_grant" in str(it.value)
    assert "a-token-used-elsewhere" not in str(it.value)


def test_a_revoked_login_says_when_it_was_stored_and_what_to_do(
    log_in: LogIn, zendesk: Simulator, clock: SimulatedClock, stored: TokenFile
) -> None:
    zendesk.credentials.revoke_all()
    with pytest.raises(AuthenticationError, match=r"stored on .* UTC.*zendesk-source login"):
        log_in().renew(log_in().header())


def test_a_login_that_nobody_used_for_too_long_names_the_day_it_ended(
    log_in: LogIn, clock: SimulatedClock, stored: TokenFile
) -> None:
    clock.advance(100 * DAY)
    with pytest.raises(AuthenticationError, match=r"expired on .*, unused"):
        log_in().header()


def test_without_a_login_the_command_is_named(log_in: LogIn, path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no login in .*acme\.json.*zendesk-source login"):
        log_in().header()


def test_the_login_of_another_account_or_client_is_not_sent_there(
    log_in: LogIn, zendesk: Simulator, stored: TokenFile
) -> None:
    asked = len(zendesk.requests)
    with pytest.raises(ConfigurationError, match=r"belongs to client 'client'.*name 'other'"):
        log_in(client_id="other").header()
    assert len(zendesk.requests) == asked


def test_a_clock_set_back_a_year_does_not_lengthen_a_token(
    log_in: LogIn, zendesk: Simulator, clock: SimulatedClock, stored: TokenFile, path: Path
) -> None:
    kept = json.loads(path.read_text())
    for name in ("stored_at", "expires_at"):
        kept[name] = kept[name].replace("2026", "2027")
    path.write_text(json.dumps(kept))
    auth = log_in()
    auth.header()
    clock.advance(2 * DAY)
    assert is_good(zendesk, auth.header())
    assert zendesk.credentials.refreshes == 1


def test_the_file_is_for_its_owner_only(log_in: LogIn, zendesk: Simulator, path: Path) -> None:
    previous = os.umask(0)
    try:
        log_in(zendesk.issue_refresh_token()).header()
    finally:
        os.umask(previous)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()] == [0o600] * 2


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Hear SIGINT as usual, also where the tests were started in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_a_ctrl_c_waits_until_the_new_pair_is_stored(
    log_in: LogIn,
    zendesk: Simulator,
    stored: TokenFile,
    clock: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock.advance(3 * DAY)
    answer = zendesk.credentials.answer

    def interrupted(body: bytes) -> Answer:
        rotated = answer(body)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        return rotated

    monkeypatch.setattr(zendesk.credentials, "answer", interrupted)
    with pytest.raises(KeyboardInterrupt):
        log_in().header()
    assert zendesk.credentials.refreshes == 1
    assert is_good(zendesk, log_in().header())
    assert zendesk.credentials.refreshes == 1


@pytest.mark.usefixtures("ctrl_c")
def test_a_ctrl_c_while_the_token_endpoint_fails_ends_the_waiting(
    log_in: LogIn, zendesk: Simulator, stored: TokenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []
    auth = log_in()
    endpoint = auth._source._endpoint  # type: ignore[attr-defined]

    def failing(body: bytes) -> Answer:
        asked.append(body)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        for _ in range(1_000):  # until the main thread has taken notice
            if endpoint.has_patience:
                threading.Event().wait(0.005)
        return Answer(503, b"")

    header = auth.header()
    monkeypatch.setattr(zendesk.credentials, "answer", failing)
    with pytest.raises(KeyboardInterrupt):
        auth.renew(header)
    assert len(asked) == 1


class Killed(BaseException):
    """What ends a process without a word."""


SYSTEM_CALLS = ("open", "write", "truncate", "fsync", "replace", "open", "fsync")
"""What storing a pair comes to, in order."""


@pytest.mark.parametrize("survived", range(len(SYSTEM_CALLS) + 1))
def test_a_death_while_storing_loses_nothing_once_the_pair_is_written(
    survived: int,
    log_in: LogIn,
    zendesk: Simulator,
    stored: TokenFile,
    clock: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock.advance(3 * DAY)
    left = [survived]
    calls: list[str] = []

    def counted(name: str, call):
        def run(*args, **kwargs):
            if not left[0]:
                raise Killed
            left[0] -= 1
            calls.append(name)
            return call(*args, **kwargs)

        return run

    class Dying:
        """The os module of a process that is about to be killed."""

        def __getattr__(self, name: str):
            value = getattr(os, name)
            return counted(name, value) if name in ("open", "fsync") else value

        @staticmethod
        def fdopen(descriptor: int, mode: str, **options):
            return DyingFile(os.fdopen(descriptor, mode, **options))

    class DyingFile:
        def __init__(self, file) -> None:
            self.write = counted("write", file.write)
            self.truncate = counted("truncate", file.truncate)
            self._file = file

        def __enter__(self):
            return self

        def __exit__(self, *args: object) -> None:
            self._file.close()

    original = TokenFile.store

    def store(self: TokenFile, pair: token_file.TokenPair) -> None:
        monkeypatch.setattr(token_file, "os", Dying())
        monkeypatch.setattr(Path, "replace", counted("replace", Path.replace))
        original(self, pair)

    monkeypatch.setattr(TokenFile, "store", store)
    if survived < len(SYSTEM_CALLS):
        with pytest.raises(Killed):
            log_in().header()
    else:
        log_in().header()
    assert tuple(calls) == SYSTEM_CALLS[:survived]
    monkeypatch.undo()

    if survived < SYSTEM_CALLS.index("write") + 1:
        with pytest.raises(AuthenticationError, match="killed before it could store"):
            log_in().header()
    else:
        assert is_good(zendesk, log_in().header())
        assert zendesk.credentials.refreshes == 1


ASK = """
import json, sys
from pathlib import Path
from zendesk_source.api.clock import SystemClock
from zendesk_source.login.grants import RefreshTokenGrant
from zendesk_source.login.token_endpoint import TokenEndpoint
from zendesk_source.login.token_file import TokenFile

base_url, path, client = sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])
clock = SystemClock()
endpoint = TokenEndpoint(base_url, clock=clock)
grant = RefreshTokenGrant(endpoint, TokenFile(path, clock), client, sys.argv[4])
print("ready", flush=True)
sys.stdin.readline()
print(grant.ask(sys.argv[5]).header)
"""


def test_processes_that_renew_at_the_same_moment_spend_one_token(
    zendesk: Simulator, path: Path
) -> None:
    given = zendesk.issue_refresh_token()
    command = [sys.executable, "-c", ASK, zendesk.base_url, str(path), json.dumps(CLIENT), given]

    def ask_at_once(refused: str) -> list[str]:
        crowd = [
            subprocess.Popen(
                [*command, refused], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for _ in range(4)
        ]
        for each in crowd:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for each in crowd:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        return [each.communicate(timeout=60)[0].strip() for each in crowd]

    first = ask_at_once("")
    second = ask_at_once(first[0])
    assert zendesk.credentials.refreshes == 2
    assert len(set(first)) == len(set(second)) == 1
    assert set(first) != set(second)
    assert is_good(zendesk, second[0])
