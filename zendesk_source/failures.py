"""What dlt or the destination raised, said so that one can act on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dlt.common.configuration.exceptions import ConfigFieldMissingException, ConfigurationException
from dlt.common.destination.exceptions import (
    InvalidDestinationReference,
    UnknownDestinationModule,
)
from dlt.common.exceptions import MissingDependencyException
from dlt.common.pipeline import SupportsPipeline
from dlt.destinations.exceptions import DestinationConnectionError
from dlt.pipeline.exceptions import PipelineStepFailed

from zendesk_source.errors import ConfigurationError, LoadFailed, ZendeskError


@contextmanager
def explained(pipeline: SupportsPipeline | None = None) -> Iterator[None]:
    """Turn an exception of dlt or of the destination into one of ours, where it has a remedy.

    Raises:
        ZendeskError: In place of what was raised, which stays its cause.
    """
    try:
        yield
    except ZendeskError:
        raise
    except Exception as error:
        explanation = _explanation(error, pipeline)
        if explanation is None:
            raise
        raise explanation from error


def _explanation(error: BaseException, pipeline: SupportsPipeline | None) -> ZendeskError | None:
    chain = list(_causes(error))
    for cause in chain:
        if isinstance(cause, ZendeskError):
            return cause
    for cause in chain:
        if (explanation := _known(cause)) is not None:
            return explanation
    failed = next((each for each in chain if isinstance(each, PipelineStepFailed)), None)
    if failed is None or failed.step not in ("normalize", "load", "sync"):
        return None
    return _load_failed(failed, pipeline)


def _known(error: BaseException) -> ZendeskError | None:
    text = str(error)
    if "Could not set lock on file" in text:
        return ConfigurationError(
            "The DuckDB file is open in another process.",
            "Close the other program (a notebook, a DuckDB shell, a second run) and start again;"
            " nothing was changed.",
        )
    if "Ambiguous reference to catalog or schema" in text:
        return ConfigurationError(
            "The DuckDB file and the dataset have the same name, which DuckDB cannot tell apart.",
            "Name one of them otherwise: --dataset zendesk_data.",
        )
    if isinstance(error, ConfigFieldMissingException):
        return _missing_fields(error)
    if isinstance(error, (UnknownDestinationModule, InvalidDestinationReference)):
        return ConfigurationError(
            "There is no such destination.",
            "dlt knows duckdb, postgres, bigquery, snowflake, redshift, databricks, clickhouse,"
            " mssql, athena, motherduck, filesystem, sqlalchemy and more.",
        )
    if isinstance(error, MissingDependencyException):
        return ConfigurationError(
            f"The destination needs a package that is not installed: {error.dependencies}.",
            'Install it: pip install "dlt[<destination>]"',
        )
    if isinstance(error, DestinationConnectionError):
        return ConfigurationError(
            f"The destination does not answer: {text.splitlines()[0]}",
            "Check its credentials and that it is up.",
        )
    if isinstance(error, ConfigurationException):
        return ConfigurationError(text.splitlines()[0], "See .dlt/config.toml.")
    return None


def _missing_fields(error: ConfigFieldMissingException) -> ConfigurationError:
    fields = ", ".join(dict.fromkeys(error.fields))
    where = "destination" if "estination" in error.spec_name else "sources.zendesk"
    return ConfigurationError(
        f"Settings are missing: {fields}.",
        f"Put them into .dlt/secrets.toml under [{where}.credentials] (see"
        " .dlt/secrets.toml.example), or into environment variables such as"
        " SOURCES__ZENDESK__CREDENTIALS__SUBDOMAIN.",
    )


def _load_failed(failed: PipelineStepFailed, pipeline: SupportsPipeline | None) -> LoadFailed:
    name = pipeline.pipeline_name if pipeline is not None else "<pipeline>"
    return LoadFailed(
        f"The {failed.step} step failed: {type(failed.exception).__name__}.",
        "The positions stay behind the data, so nothing is lost. See what was refused:"
        f" dlt pipeline {name} failed-jobs. Start again to retry; to drop the package and read"
        f" its rows once more: dlt pipeline {name} abort-packages",
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        inner = error.exception if isinstance(error, PipelineStepFailed) else None
        error = inner or error.__cause__ or error.__context__
