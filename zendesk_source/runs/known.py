"""What dlt would find out again and again in a sync, though it stays as it is.

For a package of a few rows dlt looks the destination's settings up twenty times, and reads the
schema from its file 26 times: a third of the CPU that such a sync takes. For each table that it is
handed it finds out anew which keys a column's hints may have.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any

import dlt
from dlt.common import validation
from dlt.common.schema import Schema
from dlt.common.storages import LiveSchemaStorage

from zendesk_source.destination.own_copy import own_destination

_VALIDATION: Any = validation
_OF_DLT = _VALIDATION.get_type_hints
find_hints: Callable[..., dict[str, Any]] = _OF_DLT

KNOWN_SECONDS = 60.0
"""How long settings with credentials are used: some credentials are lent for minutes."""


@contextmanager
def settings_known(pipeline: dlt.Pipeline) -> Iterator[None]:
    """Let dlt look up the settings of a pipeline's destination once, not for every client."""
    given: Any = pipeline.destination
    if given is None:
        yield
        return
    with own_destination(pipeline) as own:
        own.configuration = _Settings(own, own.configuration)
        yield


@contextmanager
def schemas_known(pipeline: dlt.Pipeline) -> Iterator[None]:
    """Let dlt read a schema again only when its file has changed, not before every use."""
    storage: Any = pipeline.schemas
    # dlt has to compare a schema of the user's own with theirs each time.
    if type(pipeline.schemas) is not LiveSchemaStorage or storage.config.import_schema_path:
        yield
        return
    storage.__class__, storage.read = _Schemas, {}
    try:
        yield
    finally:
        storage.__class__ = LiveSchemaStorage
        del storage.read


@contextmanager
def hints_known() -> Iterator[None]:
    """Let dlt find out once which keys its own dicts may have, not for each that it validates.

    It does so in the whole process. The first of several syncs to end takes it back for all.
    """
    _VALIDATION.get_type_hints = lambda spec, **_: hints_of(spec)
    try:
        yield
    finally:
        _VALIDATION.get_type_hints = _OF_DLT


@cache
def hints_of(spec: type) -> dict[str, Any]:
    """Return the keys that a dict of dlt's may have, and the types of their values."""
    return find_hints(spec, globalns=getattr(sys.modules.get(spec.__module__), "__dict__", None))


class _Schemas(LiveSchemaStorage):
    """dlt's store of schemas, which trusts those in memory while their files stay as they are."""

    read: dict[str, object]

    def __getitem__(self, name: str) -> Schema:
        is_live = name in self.live_schemas
        if is_live and not self.is_live_schema_committed(name):
            return super().__getitem__(name)  # which does not look at the file
        seen = _outside_of(Path(self.storage.storage_path, self._file_name_in_store(name, "json")))
        if is_live and seen is not None and seen == self.read.get(name):
            return self.live_schemas[name]
        schema = super().__getitem__(name)
        self.read[name] = seen
        return schema


def _outside_of(file: Path) -> object:
    """Return what a file shows without being opened; None if there is none."""
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


@dataclass
class _Settings:
    """Stands in for a destination's ``configuration``.

    As in each of dlt's loads, clients share their settings, and with them a connection's pool.
    """

    destination: Any
    resolve: Any
    _partial: Any = None
    _whole: list[tuple[Any, Any]] = field(default_factory=list)
    _since: float = 0.0

    def __call__(self, initial: Any, accept_partial: bool = False) -> Any:
        if accept_partial:  # without credentials, to know what the destination can do
            if self._partial is None:
                self._partial = self.resolve(initial, accept_partial=True)
            return self._partial
        if initial is None or initial.is_resolved():
            return self.resolve(initial)
        if monotonic() - self._since > KNOWN_SECONDS:
            self._whole, self._since = [], monotonic()
        asked = (type(initial), dict(initial), dict(self.destination.config_params))
        for known, settings in self._whole:
            if known == asked:
                return settings
        settings = self.resolve(initial)
        self._whole.append((asked, settings))
        return settings
