"""A folder like a fresh copy of the project, and one demo that all tests look at."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documentation.blocks import ROOT
from tests.support.many_accounts import accounts_file
from tests.support.simulated import log_in, served
from zendesk_source.simulator import Account, Simulator
from zendesk_source.singer.config import ENVIRONMENT_PREFIX

# No word that a message may hold: secrets that were used are kept out of all of them.
CLIENT = ("client", "of-the-documentation")
ACCOUNTS = (f'client_id = "{CLIENT[0]}"', 'client_secret = "section:zendesk"')
_MADE_HERE = {".venv", ".dlt", ".git", "zendesk_demo.duckdb", "zendesk.duckdb"}


def copy_of_project(folder: Path) -> Path:
    """Make a folder in which the commands of the README find what they name."""
    folder.mkdir()
    for each in ROOT.iterdir():
        if each.name not in _MADE_HERE:
            (folder / each.name).symlink_to(each)
    # Of today, so that `make` does not think of installing anything.
    (folder / ".venv").mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (folder / ".venv" / name).symlink_to(Path(sys.prefix) / name)
    for name in (".packages", ".project"):
        (folder / ".venv" / name).touch()
    (folder / ".dlt").mkdir()
    for name in ("config.toml", "secrets.toml.example"):
        shutil.copy(ROOT / ".dlt" / name, folder / ".dlt")
    return folder


def environment(data_dir: Path) -> dict[str, str]:
    """Return what commands find in their environment: the project's own, as if activated."""
    # What `make test` was given is not for the `make` of the pages.
    ours = {name: os.environ[name] for name in os.environ if name not in ("ARGS", "MAKEFLAGS")}
    path = f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {**ours, "PATH": path, "DLT_DATA_DIR": str(data_dir), "EDITOR": "true"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder like a fresh copy of the project."""
    return copy_of_project(tmp_path / "zendesk_source")


@pytest.fixture
def zendesk(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """Serve an account, whose credentials are in the environment."""
    with served(account, oauth_client=CLIENT) as simulator:
        accounts_file(Path("accounts.toml"), {"acme": simulator}, *ACCOUNTS)
        log_in(monkeypatch, simulator.base_url, client_id=CLIENT[0], client_secret=CLIENT[1])
        for name, value in zip(("client_id", "client_secret"), CLIENT, strict=True):
            monkeypatch.setenv(f"{ENVIRONMENT_PREFIX}{name.upper()}", value)
        monkeypatch.setenv(f"{ENVIRONMENT_PREFIX}BASE_URL", simulator.base_url)
        yield simulator


@pytest.fixture
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the one demo: its database, and its output in `demo.txt`."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = shared / "demo"
        if not folder.exists():
            copy_of_project(folder)
            output = subprocess.run(
                ["make", "demo"],
                cwd=folder,
                env=environment(shared / "demo-dlt"),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            ).stdout
            (folder / "demo.txt").write_text(output, encoding="utf-8")
            subprocess.run(
                ["zendesk-source", "views", "--shape", "analytics", "--demo", "--quiet"],
                cwd=folder,
                env=environment(shared / "demo-dlt"),
                check=True,
            )
    return folder
