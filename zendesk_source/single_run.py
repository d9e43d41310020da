"""One sync of a pipeline at a time: two would spend one rate limit and share one state."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from zendesk_source.errors import ConfigurationError
from zendesk_source.file_lock import file_lock

LOCK_FILE = "zendesk_sync.lock"
_LOOK_AGAIN_SECONDS = 1.0


class HasWorkingFolder(Protocol):
    """A dlt pipeline, as far as this module knows it."""

    pipeline_name: str
    working_dir: str


@contextmanager
def only_sync_of(pipeline: HasWorkingFolder, *, wait: bool = False) -> Iterator[None]:
    """Hold the pipeline's lock; it is let go with the process, however that ends.

    Args:
        pipeline: Its working folder holds the lock file.
        wait: Wait for another sync to end instead of refusing.

    Raises:
        ConfigurationError: Another sync of this pipeline runs on this machine.
    """
    path = Path(pipeline.working_dir).parent / f"{pipeline.pipeline_name}.{LOCK_FILE}"
    path.parent.mkdir(parents=True, exist_ok=True)

    def look_again() -> None:
        if not wait:
            raise ConfigurationError(
                f"Another sync of pipeline {pipeline.pipeline_name!r} is running.",
                "Wait until it has ended, or use --wait. The lock goes when its process"
                " ends; there is no file to delete.",
            )
        time.sleep(_LOOK_AGAIN_SECONDS)

    with file_lock(path, look_again):
        yield
