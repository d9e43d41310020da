"""What an exception of dlt or the destination means, and what the reader can do about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, get_args

import dlt
from dlt.common.configuration.exceptions import (
    ConfigFieldMissingException,
    ConfigProviderException,
    ConfigurationException,
    ConfigValueCannotBeCoercedException,
)
from dlt.common.destination.exceptions import (
    InvalidDestinationReference,
    UnknownDestinationModule,
)
from dlt.common.exceptions import MissingDependencyException
from dlt.common.pipeline import SupportsPipeline
from dlt.destinations.exceptions import DestinationConnectionError
from dlt.extract.exceptions import PipeException
from dlt.pipeline.exceptions import PipelineStepFailed

from zendesk_source.errors import (
    ConfigurationError,
    DestinationInUse,
    LoadFailed,
    PackageRefused,
    ZendeskError,
    as_typed,
    current_folder_gone,
)
from zendesk_source.login.redaction import without_secrets
from zendesk_source.settings.missing import missing_settings
from zendesk_source.settings.options import OPTIONS

_HOW_TO_WRITE = {bool: "true or false", float: "a number such as 0.9", int: "a whole number"}
# What every Python database driver raises (PEP 249), whichever is installed.
_DRIVER_ERRORS = {"OperationalError", "InterfaceError", "DatabaseError"}
_DISK_FULL = "No space left on device"
_REASON_MARK = "The actual reason given is: "


@contextmanager
def explained(pipeline: SupportsPipeline | None = None) -> Iterator[None]:
    """Turn an exception of dlt or of the destination into one of ours, where it has a remedy.

    Raises:
        ZendeskError: In place of the exception, which stays as its context. Python does not print
            it, because dlt's traceback says no more than our message.
        KeyboardInterrupt: A signal ended one of dlt's steps.
    """
    try:
        yield
    except ZendeskError:
        raise
    except Exception as error:
        explanation = explanation_of(error, pipeline)
        if explanation is None:
            raise
        raise explanation from None


def explanation_of(
    error: BaseException, pipeline: SupportsPipeline | None = None
) -> ZendeskError | None:
    """Return what an exception means; None where we have no words for it.

    Raises:
        KeyboardInterrupt: A signal ended one of dlt's steps.
    """
    chain = list(_causes(error))
    for cause in chain:
        if isinstance(cause, KeyboardInterrupt):
            raise cause from None
    for cause in chain:
        if isinstance(cause, ZendeskError):
            return cause
    for cause in chain:
        if (explanation := _of_files(cause) or _of_settings(cause)) is not None:
            return explanation
    failed = next((each for each in chain if isinstance(each, PipelineStepFailed)), None)
    if failed is None or failed.step == "sync":  # else it is of a package, which can be dropped
        for cause in chain:
            if (explanation := _of_a_path(cause)) is not None:
                return explanation
    for cause in chain:
        if isinstance(cause, DestinationConnectionError):
            return _no_connection(str(cause).partition(_REASON_MARK)[2] or str(cause))
    is_refused = any(type(each).__name__ in _DRIVER_ERRORS for each in chain)
    if failed is None:
        return _no_connection(str(chain[-1])) if is_refused else None
    if failed.step == "sync":
        return _no_connection(str(chain[-1]))
    return _load_failed(failed, pipeline) if failed.step in ("normalize", "load") else None


def _of_files(error: BaseException) -> ZendeskError | None:
    """Explain what goes wrong with files on this machine."""
    text = str(error)
    if "Could not set lock on file" in text or "File is already open in" in text:
        return DestinationInUse(
            f"The DuckDB file{_quoted(text)} is open in another process.",
            "Close the other program (a notebook, a DuckDB shell, a second run) and start again;"
            " nothing was changed.",
        )
    if "Unique file handle conflict" in text:  # DuckDB opens a file once in a process
        return DestinationInUse(
            "The catalogue of the DuckLake is a DuckDB file, and another load of this process has"
            " it open.",
            "Keep the catalogue in Postgres, or load one account at a time (--threads 1). Nothing"
            " was changed.",
        )
    if "Failed to initialize DuckLake" in text and "duplicate key" in text:
        return ZendeskError(  # not one of a setting: the next attempt finds it made
            "The catalogue of the DuckLake was made by another load at the same moment.",
            "Start again; nothing was changed.",
        )
    if (damage := _of_a_duckdb_file(text)) is not None:
        return damage
    if "not a valid DuckDB database file" in text:
        return ConfigurationError(
            f"{_quoted(text).strip() or 'The file'} is not a DuckDB file.",
            "Name another one: DESTINATION__DUCKDB__CREDENTIALS=/path/to/zendesk.duckdb",
        )
    if "database does not exist" in text:
        where = re.search(r'"([^"]+)"', text)
        return ConfigurationError(
            f"There is no DuckDB file {where.group(1) if where else 'yet'}.",
            "Load something into it first, or change to the folder where you did.",
        )
    if (room := _of_room(text)) is not None:
        return room
    if "Cannot open file" in text:
        why = text.rpartition(": ")[2].strip().splitlines()[0]
        return ConfigurationError(
            f"The DuckDB file{_quoted(text)} cannot be opened: {why}.",
            "Its folder must exist and be writable; the path comes from"
            " destination.duckdb.credentials.",
        )
    if "Ambiguous reference to catalog or schema" in text:
        return ConfigurationError(
            "The DuckDB file and the dataset have the same name, which DuckDB cannot tell apart.",
            "Give one of them another name: --dataset zendesk_data.",
        )
    return None


def _of_room(text: str) -> ZendeskError | None:
    """Explain that the disk is full, or the memory that DuckDB may take."""
    if _DISK_FULL in text:
        return LoadFailed(
            "The disk is full.",
            "Free some space and start again: the load goes on after the last complete package.",
        )
    if "Out of Memory Error" in text:
        return LoadFailed(
            "DuckDB needs more memory for a load package than it is allowed.",
            "Raise or leave out memory_limit in destination.duckdb.credentials.global_config, and"
            " start again: the package waits.",
        )
    return None


def _of_a_duckdb_file(text: str) -> ZendeskError | None:
    """Explain why an existing DuckDB file cannot be read."""
    file = _quoted(text)
    if "Could not read enough bytes" in text or "Corrupt database file" in text:
        return ConfigurationError(
            f"The DuckDB file{file} is damaged: it is cut, or parts of it are not DuckDB's.",
            "Nothing was changed. Restore it from a backup, and the next load goes on from there;"
            " or move it away, and the next load begins anew.",
        )
    if "Trying to read a database file with version number" in text:
        return ConfigurationError(
            f"The DuckDB file{file} was written by a newer DuckDB than the one installed here.",
            f"Nothing was changed. Update DuckDB: {as_typed('pip')} install --upgrade duckdb",
        )
    if "Is a directory" in text and "Could not read from file" in text:
        return ConfigurationError(
            f"{file.strip() or 'The DuckDB file'} is a folder, not a DuckDB file.",
            "Name another one: DESTINATION__DUCKDB__CREDENTIALS=/path/to/zendesk.duckdb",
        )
    return None


def _of_a_path(error: BaseException) -> ZendeskError | None:
    """Explain a file or folder of dlt that is gone, or that we have no right to use."""
    if not isinstance(error, OSError):
        return None
    if not isinstance(error.filename, str):
        return current_folder_gone()
    return ConfigurationError(
        f"{error.filename} cannot be used: {error.strerror or type(error).__name__}.",
        "dlt keeps its working folders in DLT_DATA_DIR, or in ~/.dlt if that is not set. The"
        " folder must be writable. The next start makes anew what was deleted from it.",
    )


def _of_settings(error: BaseException) -> ZendeskError | None:
    """Explain what is wrong with the configuration."""
    if isinstance(error, ConfigFieldMissingException):
        return missing_settings(error)
    if isinstance(error, ConfigValueCannotBeCoercedException):
        return _wrong_value(error)
    if isinstance(error, (UnknownDestinationModule, InvalidDestinationReference)):
        return _unknown_destination(error)
    if isinstance(error, MissingDependencyException):
        packages = " ".join(f'"{name}"' for name in error.dependencies)
        return ConfigurationError(
            f"A package is not installed: {packages}.",
            f"Install it: {as_typed('pip')} install {packages}",
        )
    if isinstance(error, ConfigProviderException):
        return ConfigurationError(
            f"{_toml_file(str(error))} cannot be read: {_toml_reason(error)}.",
            "Texts need quotes, and each [section] may appear once.",
        )
    if isinstance(error, ConfigurationException):
        return ConfigurationError(
            without_secrets(" ".join(str(error).split())),
            "Set it in .dlt/secrets.toml, .dlt/config.toml or the environment.",
        )
    return None


def _wrong_value(error: ConfigValueCannotBeCoercedException) -> ConfigurationError:
    # Only values that cannot be secrets are shown.
    shown = f" cannot be {error.field_value!r}" if error.field_name in OPTIONS else ""
    choices = [str(choice) for choice in get_args(error.hint) if isinstance(choice, str)]
    wanted = " or ".join(choices) or _HOW_TO_WRITE.get(
        error.hint, "what docs/configuration.md says"
    )
    return ConfigurationError(
        f"`{error.field_name}`{shown or ' has a wrong value'}.",
        f"Write {wanted}: in .dlt/config.toml under [sources.zendesk], or in"
        f" SOURCES__ZENDESK__{error.field_name.upper()}.",
    )


def _unknown_destination(error: Any) -> ConfigurationError:
    name = str(getattr(error, "ref", "") or getattr(error, "refs", ""))
    known = [each for each in dir(dlt.destinations) if each.islower() and each[0] != "_"]
    known = sorted(set(known) - {"adapters", "impl", "destination", "dummy"})
    close = get_close_matches(name, known, n=2, cutoff=0.5)
    return ConfigurationError(
        f"There is no destination {name!r}.",
        f"Did you mean {' or '.join(close)}?" if close else f"dlt knows {', '.join(known)}.",
    )


def _no_connection(reason: str) -> ConfigurationError:
    first = without_secrets(" ".join(reason.split())).rstrip(".?")
    return ConfigurationError(
        f"The destination does not answer: {first[:300]}.",
        "Check that it is up, and its settings in .dlt/secrets.toml under [destination.<name>];"
        " nothing was changed.",
    )


def _load_failed(failed: PipelineStepFailed, pipeline: SupportsPipeline | None) -> PackageRefused:
    name = pipeline.pipeline_name if pipeline is not None else "zendesk"
    table, stream = failed_table(failed), stream_of_table(failed, pipeline)
    return PackageRefused(
        f"The {failed.step} step failed{f' on table {table}' if table else ''}:"
        f" {type(failed.exception).__name__}.",
        "The position stays behind the data, so nothing is lost: the next sync reads these rows"
        " again. --verbose shows what the destination said. If the table was changed by hand:"
        f" {as_typed('dlt')} -y pipeline {name} drop {stream or '<stream>'} (it is read anew).",
    )


def failed_table(error: BaseException) -> str:
    """Return the table that dlt or the destination could not take; empty when unknown."""
    for cause in _causes(error):
        if job_id := getattr(cause, "job_id", ""):
            return str(job_id).partition(".")[0]
        if table := getattr(cause, "table_name", ""):
            return str(table)
    return ""


def stream_of_table(error: BaseException, pipeline: SupportsPipeline | None) -> str:
    """Return the stream whose rows dlt or the destination could not take; empty when unknown."""
    for cause in _causes(error):
        if isinstance(cause, PipeException):
            return str(cause.pipe_name)
    table = failed_table(error)
    if not table or table.startswith("_"):  # of all streams, or of none
        return ""
    tables = getattr(getattr(pipeline, "default_schema", None), "tables", {})
    return str(tables.get(table, {}).get("resource") or "")


def root_of(error: BaseException) -> BaseException:
    """Return the exception at the bottom of a chain of causes."""
    return list(_causes(error))[-1]


def _quoted(text: str) -> str:
    found = re.search(r'file "([^"]+)"', text)
    return f" {found.group(1)}" if found else ""


def _toml_file(text: str) -> str:
    found = re.search(r"loading (\S+\.toml)", text)
    return f".dlt/{found.group(1)}" if found else "A file in .dlt"


def _toml_reason(error: BaseException) -> str:
    # The parser's message names line and column; the line itself may hold a secret.
    for cause in _causes(error):
        if found := re.search(r"line \d+,? col(?:umn)? \d+", str(cause)):
            return f"see {found.group(0)}"
    return "it is not TOML"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        inner = error.exception if isinstance(error, PipelineStepFailed) else None
        error = inner or error.__cause__ or error.__context__
