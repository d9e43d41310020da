"""dlt's working folder of a pipeline: it only remembers, so a damaged one is moved away.

A full disk or a power cut leaves files that are cut or empty, and dlt trusts them. The destination
has everything that is in them, except packages that wait to be loaded. Their rows are read again,
because the positions at the destination are behind them.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

STATE_FILE = "state.json"
PACKAGES = ("load/normalized", "normalize/extracted")
"""Where packages wait, below the folder."""

LOADED = "load/loaded"
LOADED_KEPT = 10
"""Of packages that were loaded, for whoever wants to know what was in the last ones."""

logger = logging.getLogger(__name__)


_umask_lock = threading.Lock()
_usual_umask = 0o022
_private_uses = 0


@contextmanager
def private_files(shared: Path | None = None) -> Iterator[None]:
    """Make new files and folders of this process readable by their owner only.

    The process has one umask for all its threads: it is the usual one again when the last of them
    has ended.

    Args:
        shared: A file that may exist. If others may read it, new files beside it, such as its
            log, get the usual permissions, unless another thread makes private ones.
    """
    global _private_uses, _usual_umask
    if shared is not None and shared.exists() and shared.stat().st_mode & 0o077:
        yield
        return
    with _umask_lock:
        if not _private_uses:
            _usual_umask = os.umask(0o077)
        _private_uses += 1
    try:
        yield
    finally:
        with _umask_lock:
            _private_uses -= 1
            if not _private_uses:
                os.umask(_usual_umask)


def close_to_others(folder: Path) -> None:
    """Let only its owner use a new working folder."""
    with suppress(OSError):
        folder.chmod(0o700)


def heal(folder: Path) -> bool:
    """Move a damaged working folder away, and say so; only while no other process uses it.

    Args:
        folder: The working folder of one pipeline; it may not exist yet.

    Returns:
        Whether it was moved.

    Raises:
        OSError: It cannot be moved.
    """
    damage = _damage_of(folder)
    if not damage:
        return False
    beside = (folder.with_name(f"{folder.name}.damaged-{number}") for number in count(1))
    aside = next(place for place in beside if not place.exists())
    folder.rename(aside)
    logger.warning(
        "dlt's working folder %s is damaged: %s. It was moved to %s, which you can delete. The load"
        " goes on from the positions at the destination.",
        folder,
        damage,
        aside,
    )
    return True


def forget_loaded(folder: Path) -> None:
    """Delete what dlt keeps of packages that were loaded long ago: 200 kB each, for ever.

    Args:
        folder: The working folder of one pipeline.
    """
    try:
        loaded = sorted((folder / LOADED).iterdir(), key=lambda package: package.name)
    except OSError:
        return
    for package in loaded[:-LOADED_KEPT]:
        shutil.rmtree(package, ignore_errors=True)


def holds_table(folder: Path, table: str) -> bool:
    """Whether a package that waits has rows for a table.

    Args:
        folder: The working folder of one pipeline.
        table: Name of the table.
    """
    return any(any((folder / place).glob(f"*/*_jobs/{table}.*")) for place in PACKAGES)


def begun_in(folder: Path) -> str | None:
    """Return the folder in which a pipeline was first used; None if that is not known."""
    state = _json_object(folder / STATE_FILE)
    if state is None:
        return None
    local = state.get("_local")
    place = local.get("initial_cwd") if isinstance(local, dict) else None
    return place if isinstance(place, str) else None


def _damage_of(folder: Path) -> str:
    """Return what is wrong with a working folder; empty if nothing is."""
    if not folder.is_dir():
        return "it is not a folder" if folder.exists() else ""
    if not (folder / STATE_FILE).exists():
        return ""  # dlt makes it anew
    state = _json_object(folder / STATE_FILE)
    if state is None or not isinstance(state.get("_state_engine_version"), int):
        return f"{STATE_FILE} is cut or empty"
    for name in state.get("schema_names") or ():
        if _json_object(folder / "schemas" / f"{name}.schema.json") is None:
            return f"{name}.schema.json is missing, cut or empty"
    broken = next(filter(None, map(_damage_of_package, _packages(folder))), None)
    return f"{broken} of a package that waits is cut or empty" if broken else ""


def _packages(folder: Path) -> Iterator[Path]:
    for place in PACKAGES:
        with suppress(OSError):
            yield from (each for each in (folder / place).iterdir() if each.is_dir())


def _damage_of_package(package: Path) -> str:
    schema = package / "schema.json"
    if not schema.exists() and package.parent.name == "extracted":
        return ""  # never extracted to its end: dlt itself drops it
    if _json_object(schema) is None:
        return "schema.json"
    jobs = (file for file in package.glob("*_jobs/*.parquet") if file.is_file())
    return next((file.name for file in jobs if not _is_parquet(file)), "")


def _is_parquet(file: Path) -> bool:
    try:
        pq.read_metadata(file)
    except (OSError, pa.ArrowInvalid):
        return False
    return True


def _json_object(file: Path) -> dict[str, Any] | None:
    try:
        found = orjson.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
