"""dlt's working folder may be damaged, in the way or new: a load goes on, or says what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.command_line.conftest import account, zendesk
from zendesk_source import ConfigurationError
from zendesk_source.command_line import main
from zendesk_source.destination.failures import explanation_of
from zendesk_source.destination.working_folder import heal
from zendesk_source.simulator import Account

__all__ = ["account", "zendesk"]

LOAD = ["load", "--streams", "groups,tags"]


@pytest.fixture
def folder() -> Path:
    return Path(os.environ["DLT_DATA_DIR"]) / "pipelines" / "zendesk"


def groups() -> list[int]:
    with duckdb.connect("zendesk.duckdb", read_only=True) as connection:
        return [i for (i,) in connection.sql("select id from zendesk_data.groups").fetchall()]


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:50])


def add_package(folder: Path, place: str, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = folder / place / "1999999999.5" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def file_in_its_place(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("")


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "an empty state": (lambda folder: (folder / "state.json").write_text(""), "state.json"),
    "a cut state": (lambda folder: cut(folder / "state.json"), "state.json"),
    "a state of nonsense": (lambda folder: (folder / "state.json").write_text("[1]"), "state.json"),
    "a state that is no text": (
        lambda folder: (folder / "state.json").write_bytes(b"\xff\x00"),
        "state.json",
    ),
    "a cut schema": (
        lambda folder: cut(folder / "schemas" / "zendesk.schema.json"),
        "zendesk.schema.json",
    ),
    "a missing schema": (
        lambda folder: (folder / "schemas" / "zendesk.schema.json").unlink(),
        "zendesk.schema.json",
    ),
    "a package without its schema": (
        lambda folder: add_package(folder, "load/normalized", {"new_jobs/x": ""}),
        "schema.json of a package",
    ),
    "a package with a cut file": (
        lambda folder: add_package(
            folder,
            "load/normalized",
            {"schema.json": "{}", "new_jobs/groups.1a2b3c.0.parquet": "PAR1"},
        ),
        "groups.1a2b3c.0.parquet of a package",
    ),
    "a file in its place": (
        file_in_its_place,
        "not a folder",
    ),
}


def test_each_kind_of_damage_is_seen(zendesk, folder: Path, caplog) -> None:
    assert main(LOAD) == 0
    assert not heal(folder)
    for name, (damage, words) in DAMAGES.items():
        copy = folder.with_name(name)
        shutil.copytree(folder, copy)
        damage(copy)
        caplog.clear()
        assert heal(copy), name
        assert words in caplog.text
        assert not copy.exists()


@pytest.mark.long
@pytest.mark.parametrize(("damage", "words"), DAMAGES.values(), ids=list(DAMAGES))
def test_a_damaged_folder_is_moved_away_and_the_load_goes_on(
    zendesk, account: Account, folder: Path, capsys, damage, words
) -> None:
    assert main(LOAD) == 0
    damage(folder)
    assert main(["status"]) == 0
    assert folder.with_name("zendesk.damaged-1").exists() is False
    capsys.readouterr()
    assert main(LOAD) == 0
    told = capsys.readouterr().err
    assert words in told
    assert f"moved to {folder}.damaged-1" in told
    assert sorted(groups()) == sorted(row["id"] for row in account.truth("groups"))


@pytest.mark.parametrize("command", [LOAD, ["reset", "groups", "--quiet"]])
def test_a_folder_that_cannot_be_used_is_named(zendesk, monkeypatch, capsys, command) -> None:
    assert main(LOAD) == 0
    Path("a_file").write_text("")
    monkeypatch.setenv("DLT_DATA_DIR", str(Path("a_file").resolve()))
    assert main(command) == 2
    told = capsys.readouterr().err
    assert "a_file/pipelines cannot be used: Not a directory" in told
    assert "DLT_DATA_DIR" in told
    assert main(["status"]) == 0


def test_a_new_file_and_folder_are_their_owners_only(zendesk, folder: Path) -> None:
    usual = os.umask(0o022)
    try:
        assert main(LOAD) == 0
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(usual)
    assert Path("zendesk.duckdb").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_file_and_a_folder_that_are_there_stay_as_open_as_they_are(zendesk, folder: Path) -> None:
    assert main(LOAD) == 0
    Path("zendesk.duckdb").chmod(0o644)
    folder.chmod(0o755)
    assert main(LOAD) == 0
    assert Path("zendesk.duckdb").stat().st_mode & 0o777 == 0o644
    assert folder.stat().st_mode & 0o777 == 0o755


@pytest.mark.long
def test_several_loads_at_once_in_a_new_folder_do_no_harm(zendesk, account: Account) -> None:
    command = [sys.executable, "-m", "zendesk_source", *LOAD, "--wait", "--quiet"]
    loads = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    ended = [(each.communicate(timeout=120)[1], each.returncode) for each in loads]
    assert ended == [("", 0)] * 3
    assert sorted(groups()) == sorted(row["id"] for row in account.truth("groups"))


def test_a_folder_that_is_gone_is_named_and_not_the_destination(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(FileNotFoundError) as raised:
        Path.cwd()
    assert isinstance(explanation_of(raised.value), ConfigurationError)
    assert main(["status"]) == 2
    told = capsys.readouterr().err
    assert "The folder that this was started in is gone. Change to one that exists" in told
