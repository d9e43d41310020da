"""The token file: what is wrong with it is said before a refresh token is spent."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.login.conftest import LogIn
from zendesk_source.errors import ConfigurationError
from zendesk_source.file_lock import file_lock
from zendesk_source.login import token_file
from zendesk_source.login.token_file import TokenFile
from zendesk_source.simulator import SimulatedClock, Simulator


@contextmanager
def largest_file(limit_bytes: int) -> Iterator[None]:
    """Let the system refuse to write longer files, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_where_nothing_can_be_written_the_refresh_token_is_not_spent(
    log_in: LogIn, zendesk: Simulator, path: Path
) -> None:
    path.parent.symlink_to("/proc/nowhere")
    with pytest.raises(ConfigurationError, match=r"cannot be stored in .*`token_file`.*need no"):
        log_in(zendesk.issue_refresh_token()).header()
    assert zendesk.credentials.refreshes == 0


def test_on_a_full_disk_the_refresh_token_is_not_spent(
    log_in: LogIn, zendesk: Simulator, path: Path
) -> None:
    given = zendesk.issue_refresh_token()
    with largest_file(1_000), pytest.raises(ConfigurationError, match="cannot be stored in"):
        log_in(given).header()
    assert zendesk.credentials.refreshes == 0
    assert log_in(given).header().startswith("Bearer ")


def test_a_fresh_pair_is_used_where_nothing_can_be_written(
    log_in: LogIn, stored: TokenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    with largest_file(0):
        assert log_in().header().startswith("Bearer ")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_may_read_is_refused(
    log_in: LogIn, stored: TokenFile, mode: int
) -> None:
    stored.path.chmod(mode)
    with pytest.raises(ConfigurationError, match=rf"mode {mode:04o}.*chmod 600 .*acme\.json"):
        log_in().header()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "s3cr3t",
        "[]",
        '{"access_token": "s3cr3t"}',
        '{"base_url": "", "client_id": "a", "access_token": "s3cr3t", "refresh_token": "s3cr3t",'
        ' "scope": "", "stored_at": "yesterday", "expires_at": null, "refresh_expires_at": null,'
        ' "grown_from": ""}',
    ],
)
def test_a_file_without_tokens_is_named_and_not_shown(
    log_in: LogIn, stored: TokenFile, content: str
) -> None:
    stored.path.write_text(content)
    with pytest.raises(ConfigurationError, match=r"acme\.json does not hold tokens") as caught:
        log_in().header()
    assert "s3cr3t" not in str(caught.value)


def test_a_folder_in_the_place_of_the_file_is_named(log_in: LogIn, path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(ConfigurationError, match=r"acme\.json cannot be read: Is a directory"):
        log_in().header()


def test_half_a_pair_left_by_a_death_is_not_taken(
    log_in: LogIn, stored: TokenFile, clock: SimulatedClock
) -> None:
    whole = stored.path.read_bytes()
    left = stored.path.with_name("acme.json.new")
    left.write_bytes(whole[: len(whole.rstrip()) - 1])
    clock.advance(3 * 86_400)
    assert log_in().header().startswith("Bearer ")
    assert not left.exists()


def test_a_link_stays_a_link(
    zendesk: Simulator, log_in: LogIn, stored: TokenFile, clock: SimulatedClock, tmp_path: Path
) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(stored.path)
    file = TokenFile(link, clock)
    pair = file.read()
    assert pair is not None
    with file.locked():
        file.store(pair)
    assert link.is_symlink()
    assert stored.read() == pair


def test_waiting_for_another_process_is_told_and_ends(
    stored: TokenFile, clock: SimulatedClock
) -> None:
    told: list[str] = []
    waiting = TokenFile(stored.path, clock, lambda reason, seconds: told.append(reason))
    with (
        stored.locked(),
        pytest.raises(ConfigurationError, match="for 10 minutes"),
        waiting.locked(),
    ):
        pytest.fail("two processes hold one lock")
    assert set(told) == {"another process renews the tokens"}


def test_a_file_system_without_locks_is_named(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*args: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("zendesk_source.file_lock._take", refuse)
    with (
        pytest.raises(ConfigurationError, match="cannot be locked: Operation not supported"),
        file_lock(tmp_path / "a.lock", lambda: None),
    ):
        pytest.fail("the lock was not taken")


def test_no_repr_shows_a_token(stored: TokenFile) -> None:
    pair = stored.read()
    assert isinstance(pair, token_file.TokenPair)
    assert pair.access_token not in repr(pair) + repr(stored)
    assert pair.refresh_token not in repr(pair) + repr(vars(stored))
